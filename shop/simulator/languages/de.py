"""German words for made-up shops."""

from shop.simulator.language import Language, Method, Noun

DE = Language(
    code="de",
    men=("Jörg", "Matthias", "Björn", "Stefan", "Uwe", "Günther", "Lukas", "Felix", "Jürgen", "Paul", "Sören", "Emil"),
    women=("Käthe", "Jördis", "Anna", "Birgit", "Ulrike", "Gülay", "Lena", "Sophie", "Hanna", "Märta", "Frieda", "Ida"),
    surnames=(
        ("Müller", "Müller"), ("Schäfer", "Schäfer"), ("Groß", "Groß"), ("Köhler", "Köhler"), ("Weiß", "Weiß"),
        ("Jäger", "Jäger"), ("Lange", "Lange"), ("Böhm", "Böhm"), ("Krüger", "Krüger"), ("Vogel", "Vogel"), ("Fuchs", "Fuchs"),
        ("Möller", "Möller"), ("Schröder", "Schröder"), ("Winter", "Winter"),
    ),
    streets=(
        "Lindenstraße", "Hauptstraße", "Am Bächle", "Schulweg", "Goethestraße", "Mühlengasse", "Gartenweg", "Schloßallee",
        "Bahnhofstraße", "Kirchplatz",
    ),
    cities=(
        ("Berlin", "10115"), ("Köln", "50667"), ("München", "80331"), ("Düsseldorf", "40213"), ("Lübeck", "23552"),
        ("Görlitz", "02826"), ("Würzburg", "97070"), ("Dresden", "01067"), ("Hamburg", "20095"), ("Nürnberg", "90402"),
    ),
    firms=("GmbH", "KG", "AG"),
    nouns=(
        Noun("Becher", "m", "Küche", 12, "colour"), Noun("Schüssel", "f", "Küche", 24, "size"),
        Noun("Pfanne", "f", "Küche", 52, "size"), Noun("Brett", "n", "Küche", 22, "size"),
        Noun("Tischdecke", "f", "Textilien", 39, "size"), Noun("Handtuch", "n", "Textilien", 25, "colour"),
        Noun("Decke", "f", "Textilien", 45, "colour"), Noun("Kissen", "n", "Textilien", 29, "size"),
        Noun("Kerze", "f", "Dekoration", 9, "volume"), Noun("Spiegel", "m", "Dekoration", 89, "size"),
        Noun("Leuchte", "f", "Licht", 119, "colour"), Noun("Creme", "f", "Pflege", 16, "volume"),
        Noun("Seife", "f", "Pflege", 6, "volume"), Noun("Tee", "m", "Feinkost", 7, "volume", reduced=True),
        Noun("Honig", "m", "Feinkost", 9, "volume", reduced=True), Noun("Buch", "n", "Bücher", 18, "", reduced=True),
        Noun("Hocker", "m", "Möbel", 79, "colour"), Noun("Gießkanne", "f", "Garten", 34, "volume"),
    ),
    adjectives=(
        ("Großer", "Große", "Großes"), ("Kleiner", "Kleine", "Kleines"), ("Feiner", "Feine", "Feines"),
        ("Schöner", "Schöne", "Schönes"), ("Natürlicher", "Natürliche", "Natürliches"), ("Gläserner", "Gläserne", "Gläsernes"),
        ("Hölzerner", "Hölzerne", "Hölzernes"),
    ),
    models=("Linde", "Elbe", "Möwe", "Föhn", "Kornblume", "Nebel", "Süßkirsche", "Storch", "Düne", "Spatz"),
    brands=("Werkstatt Linde", "Blauer Krug", "Weberei Elbe", "Möwe und Söhne"),
    axes={
        "colour": ("Farbe", ("weiß", "rot", "blau", "gelb", "grün")),
        "size": ("Größe", ("klein", "mittel", "groß")),
        "volume": ("Inhalt", ("50 ml", "100 ml", "250 ml")),
    },
    shipping=(Method("Packstation", 4), Method("Lieferung nach Hause", 6), Method("Abholung", 0)),
    payment=(Method("Nachnahme", 3), Method("Karte", 0), Method("Überweisung", 0)),
    statuses={
        -1: "Neu", -2: "In Bearbeitung", -3: "Erledigt", -4: "Storniert", 17: "Wartet auf Ware",
        30: "Rückfrage", 70: "An den Paketdienst übergeben",
    },
    open_statuses=(17, 70),
    remarks=("Bitte als Geschenk verpacken.", "Bitte beim Nachbarn abgeben: Haus 12.", "Danke 😊", "Zwölf Boxkämpfer jagen Viktor"),
    groups=("Großhandel", "Stammkunden"),
    coupon="Gutschein",
    volume_discount="Mengenrabatt",
    set_word="Set",
    piece="Stk",
    web="E-Shop",
    counter="Laden",
    cash="Bar",
)  # fmt: skip
