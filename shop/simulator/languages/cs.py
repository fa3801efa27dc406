"""Czech words for made-up shops."""

from shop.simulator.language import Language, Method, Noun

CS = Language(
    code="cs",
    men=(
        "Jiří", "Jan", "Petr", "Tomáš", "Matěj", "Vojtěch", "Ondřej", "Lukáš", "Jakub", "František", "Zdeněk", "Šimon",
        "Řehoř", "Radek", "Bohumil", "Kryštof",
    ),
    women=(
        "Jana", "Žofie", "Eliška", "Kateřina", "Lucie", "Běla", "Šárka", "Anežka", "Zdeňka", "Markéta", "Adéla", "Tereza",
        "Růžena", "Dagmar", "Květa", "Ludmila",
    ),
    surnames=(
        ("Novák", "Nováková"), ("Dvořák", "Dvořáková"), ("Černý", "Černá"), ("Procházka", "Procházková"),
        ("Kučera", "Kučerová"), ("Veselý", "Veselá"), ("Horák", "Horáková"), ("Němec", "Němcová"),
        ("Růžička", "Růžičková"), ("Šťastný", "Šťastná"), ("Křížek", "Křížková"), ("Říha", "Říhová"),
        ("Bláha", "Bláhová"), ("Zelinka", "Zelinková"), ("Žák", "Žáková"), ("Čermák", "Čermáková"),
        ("Ďuriš", "Ďurišová"), ("Holub", "Holubová"), ("Vávra", "Vávrová"), ("Jelínek", "Jelínková"),
    ),
    streets=(
        "Lipová", "Na Příkopech", "U Řeky", "Školní", "Dlouhá", "Žižkova", "Palackého", "Zahradní", "Polní", "Náměstí Míru",
        "Komenského", "Nádražní", "Husova", "Krátká", "Ke Hřišti", "Jiráskova",
    ),
    cities=(
        ("Praha 2", "120 00"), ("Praha 6", "160 00"), ("Brno", "602 00"), ("Ostrava", "702 00"), ("Plzeň", "301 00"),
        ("Liberec", "460 01"), ("Olomouc", "779 00"), ("České Budějovice", "370 01"), ("Hradec Králové", "500 02"),
        ("Ústí nad Labem", "400 01"), ("Pardubice", "530 02"), ("Zlín", "760 01"), ("Kladno", "272 01"), ("Třebíč", "674 01"),
        ("Žďár nad Sázavou", "591 01"), ("Čelákovice", "250 88"),
    ),
    firms=("s.r.o.", "a.s.", "v.o.s."),
    nouns=(
        Noun("hrnek", "m", "Kuchyně", 249, "colour"), Noun("talíř", "m", "Kuchyně", 319, "colour"),
        Noun("džbán", "m", "Kuchyně", 590), Noun("pánev", "f", "Kuchyně", 1190, "size"),
        Noun("prkénko", "n", "Kuchyně", 449, "size"), Noun("nůž", "m", "Kuchyně", 890),
        Noun("ubrus", "m", "Textil", 790, "size"), Noun("osuška", "f", "Textil", 549, "colour"),
        Noun("povlečení", "n", "Textil", 1490, "colour"), Noun("polštář", "m", "Textil", 690, "size"),
        Noun("deka", "f", "Textil", 990, "colour"), Noun("závěs", "m", "Textil", 1290, "size"),
        Noun("svíčka", "f", "Dekorace", 199, "volume"), Noun("váza", "f", "Dekorace", 690, "colour"),
        Noun("zrcadlo", "n", "Dekorace", 1990, "size"), Noun("obraz", "m", "Dekorace", 1590, "size"),
        Noun("lampa", "f", "Osvětlení", 2490, "colour"), Noun("lustr", "m", "Osvětlení", 3990),
        Noun("krém", "m", "Kosmetika", 349, "volume"), Noun("mýdlo", "n", "Kosmetika", 129, "volume"),
        Noun("šampon", "m", "Kosmetika", 229, "volume"), Noun("olej", "m", "Kosmetika", 399, "volume"),
        Noun("čaj", "m", "Potraviny", 149, "volume", reduced=True), Noun("káva", "f", "Potraviny", 289, "volume", reduced=True),
        Noun("med", "m", "Potraviny", 199, "volume", reduced=True), Noun("čokoláda", "f", "Potraviny", 99, "", reduced=True),
        Noun("kniha", "f", "Knihy", 399, "", reduced=True), Noun("zápisník", "m", "Knihy", 259, "colour"),
        Noun("křeslo", "n", "Nábytek", 5990, "colour"), Noun("stolek", "m", "Nábytek", 3490),
        Noun("police", "f", "Nábytek", 1790, "size"), Noun("květináč", "m", "Zahrada", 359, "size"),
        Noun("konev", "f", "Zahrada", 649, "volume"), Noun("lopatka", "f", "Zahrada", 189),
    ),
    adjectives=(
        ("keramický", "keramická", "keramické"), ("bavlněný", "bavlněná", "bavlněné"), ("dřevěný", "dřevěná", "dřevěné"),
        ("ručně dělaný", "ručně dělaná", "ručně dělané"), ("přírodní", "přírodní", "přírodní"), ("jemný", "jemná", "jemné"),
        ("velký", "velká", "velké"), ("malý", "malá", "malé"), ("skleněný", "skleněná", "skleněné"), ("lněný", "lněná", "lněné"),
        ("český", "česká", "české"), ("zimní", "zimní", "zimní"),
    ),
    models=(
        "Lípa", "Sázava", "Ještěd", "Řepka", "Vltava", "Kopretina", "Šumava", "Žito", "Kvítek", "Borůvka", "Ořech", "Havran",
        "Úsvit", "Mlha", "Podzim", "Čáp",
    ),
    brands=("Dílna U Lípy", "Modrý džbán", "Tkalcovna Řeka", "Jasno", "Pohoda a syn", "Šikulka"),
    axes={
        "colour": ("Barva", ("bílá", "červená", "modrá", "žlutá", "šedá")),
        "size": ("Velikost", ("malá", "střední", "velká")),
        "volume": ("Obsah", ("50 ml", "100 ml", "250 ml")),
    },
    shipping=(
        Method("Výdejní místo", 69), Method("Zásilkovna", 79), Method("Balík do ruky", 119), Method("Kurýr na adresu", 139),
        Method("Osobní odběr", 0),
    ),
    payment=(Method("Dobírkou", 39), Method("Kartou online", 0), Method("Převodem", 0), Method("Hotově", 0)),
    statuses={
        -1: "Nevyřízena", -2: "Vyřizuje se", -3: "Vyřízena", -4: "Stornována", 17: "Čeká na naskladnění",
        30: "Reklamace", 70: "Předáno přepravci",
    },
    open_statuses=(17, 70),
    remarks=(
        "Prosím zabalit jako dárek.", "Zvonek nefunguje, volejte prosím.", "Děkuji 😊", "Doručte po 16. hodině: jsem v práci.",
        "Žluťoučký kůň úpěl ďábelské ódy", "Na faktuře prosím uveďte číslo 12/2026.",
    ),
    groups=("Velkoobchod", "Věrní zákazníci", "VIP"),
    coupon="Slevový kupón",
    volume_discount="Množstevní sleva",
    set_word="Sada",
    piece="ks",
    web="E-shop",
    counter="Prodejna",
    cash="Hotově",
)  # fmt: skip
