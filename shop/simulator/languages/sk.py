"""Slovak words for made-up shops."""

from shop.simulator.language import Language, Method, Noun

SK = Language(
    code="sk",
    men=(
        "Ján", "Peter", "Ľuboš", "Štefan", "Michal", "Marek", "Tomáš", "Ondrej", "Jozef", "Matúš", "Radovan", "Šimon",
    ),
    women=(
        "Mária", "Zuzana", "Ľubica", "Katarína", "Lucia", "Želmíra", "Viera", "Eva", "Anežka", "Dominika", "Božena", "Soňa",
    ),
    surnames=(
        ("Kováč", "Kováčová"), ("Horváth", "Horváthová"), ("Varga", "Vargová"), ("Tóth", "Tóthová"), ("Baláž", "Balážová"),
        ("Molnár", "Molnárová"), ("Ďurica", "Ďuricová"), ("Šimko", "Šimková"), ("Polák", "Poláková"), ("Hudák", "Hudáková"),
        ("Ľupták", "Ľuptáková"), ("Gregor", "Gregorová"), ("Žiak", "Žiaková"), ("Kráľ", "Kráľová"),
    ),
    streets=(
        "Lipová", "Hlavná", "Štúrova", "Školská", "Záhradná", "Dlhá", "Pri potoku", "Námestie slobody", "Hviezdoslavova",
        "Krátka", "Poľná", "Jesenského",
    ),
    cities=(
        ("Bratislava", "811 01"), ("Košice", "040 01"), ("Prešov", "080 01"), ("Žilina", "010 01"), ("Nitra", "949 01"),
        ("Banská Bystrica", "974 01"), ("Trnava", "917 01"), ("Trenčín", "911 01"), ("Poprad", "058 01"), ("Ľubovňa", "064 01"),
    ),
    firms=("s.r.o.", "a.s."),
    nouns=(
        Noun("hrnček", "m", "Kuchyňa", 10, "colour"), Noun("tanier", "m", "Kuchyňa", 13, "colour"),
        Noun("panvica", "f", "Kuchyňa", 48, "size"), Noun("doska", "f", "Kuchyňa", 18, "size"),
        Noun("obrus", "m", "Textil", 32, "size"), Noun("osuška", "f", "Textil", 22, "colour"),
        Noun("deka", "f", "Textil", 40, "colour"), Noun("vankúš", "m", "Textil", 28, "size"),
        Noun("sviečka", "f", "Dekorácie", 8, "volume"), Noun("váza", "f", "Dekorácie", 28, "colour"),
        Noun("zrkadlo", "n", "Dekorácie", 79, "size"), Noun("lampa", "f", "Svetlá", 99, "colour"),
        Noun("krém", "m", "Kozmetika", 14, "volume"), Noun("mydlo", "n", "Kozmetika", 5, "volume"),
        Noun("čaj", "m", "Potraviny", 6, "volume", reduced=True), Noun("med", "m", "Potraviny", 8, "volume", reduced=True),
        Noun("kniha", "f", "Knihy", 16, "", reduced=True), Noun("stolík", "m", "Nábytok", 139),
        Noun("kvetináč", "m", "Záhrada", 15, "size"), Noun("krhla", "f", "Záhrada", 26, "volume"),
    ),
    adjectives=(
        ("keramický", "keramická", "keramické"), ("bavlnený", "bavlnená", "bavlnené"), ("drevený", "drevená", "drevené"),
        ("prírodný", "prírodná", "prírodné"), ("jemný", "jemná", "jemné"), ("veľký", "veľká", "veľké"), ("malý", "malá", "malé"),
        ("sklenený", "sklenená", "sklenené"), ("ľanový", "ľanová", "ľanové"),
    ),
    models=(
        "Lipa", "Hron", "Kriváň", "Čučoriedka", "Orech", "Jeseň", "Púpava", "Sýkorka", "Úsvit", "Hmla", "Kvietok", "Žito",
    ),
    brands=("Dielňa pod Lipou", "Modrý krčah", "Tkáčovňa Hron", "Jasno"),
    axes={
        "colour": ("Farba", ("biela", "červená", "modrá", "žltá", "sivá")),
        "size": ("Veľkosť", ("malá", "stredná", "veľká")),
        "volume": ("Obsah", ("50 ml", "100 ml", "250 ml")),
    },
    shipping=(Method("Výdajné miesto", 3), Method("Kuriér na adresu", 5), Method("Osobný odber", 0)),
    payment=(Method("Dobierkou", 2), Method("Kartou online", 0), Method("Prevodom", 0)),
    statuses={
        -1: "Nevybavená", -2: "Vybavuje sa", -3: "Vybavená", -4: "Stornovaná", 17: "Čaká na naskladnenie",
        30: "Reklamácia", 70: "Odovzdané prepravcovi",
    },
    open_statuses=(17, 70),
    remarks=("Prosím zabaliť ako darček.", "Zvonček nefunguje, volajte.", "Ďakujem 😊", "Kŕdeľ šťastných ďatľov učí koňa žrať kôru"),
    groups=("Veľkoobchod", "Verní zákazníci"),
    coupon="Zľavový kupón",
    volume_discount="Množstevná zľava",
    set_word="Sada",
    piece="ks",
    web="E-shop",
    counter="Predajňa",
    cash="V hotovosti",
)  # fmt: skip
