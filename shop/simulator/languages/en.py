"""English words for made-up shops."""

from shop.simulator.language import Language, Method, Noun

EN = Language(
    code="en",
    men=("Seán", "Cian", "Pádraig", "Liam", "Oisín", "Conor", "Rory", "Daniel", "Jack", "Éamonn", "Fionn", "Tom"),
    women=("Aoife", "Niamh", "Síle", "Ciara", "Gráinne", "Róisín", "Emma", "Grace", "Méabh", "Orla", "Hannah", "Kate"),
    surnames=(
        ("Murphy", "Murphy"), ("Breathnach", "Breathnach"), ("Byrne", "Byrne"), ("Sullivan", "Sullivan"), ("Walsh", "Walsh"),
        ("Doyle", "Doyle"), ("McCarthy", "McCarthy"), ("Gallagher", "Gallagher"), ("Dálaigh", "Dálaigh"),
        ("Kennedy", "Kennedy"), ("Lynch", "Lynch"), ("Quinn", "Quinn"), ("Moore", "Moore"), ("Nolan", "Nolan"),
    ),
    streets=(
        "Main Street", "Church Road", "Quay Street", "Mill Lane", "Strand Road", "Castle Street", "Orchard Park", "Abbey Row",
        "Bóthar na Trá", "Bridge Street",
    ),
    cities=(
        ("Dublin", "D02 X285"), ("Cork", "T12 W8KP"), ("Galway", "H91 E2K3"), ("Limerick", "V94 T9PX"), ("Dún Laoghaire", "A96 K6X5"),
        ("Waterford", "X91 PK15"), ("Sligo", "F91 Y2AX"), ("Kilkenny", "R95 P8WN"), ("Tralee", "V92 H6TF"), ("Wexford", "Y35 N2CR"),
    ),
    firms=("Ltd", "DAC", "LLP"),
    nouns=(
        Noun("Mug", "n", "Kitchen", 13, "colour"), Noun("Bowl", "n", "Kitchen", 25, "size"), Noun("Pan", "n", "Kitchen", 55, "size"),
        Noun("Board", "n", "Kitchen", 24, "size"), Noun("Tablecloth", "n", "Textiles", 42, "size"),
        Noun("Towel", "n", "Textiles", 26, "colour"), Noun("Blanket", "n", "Textiles", 68, "colour"),
        Noun("Cushion", "n", "Textiles", 31, "size"), Noun("Candle", "n", "Decoration", 11, "volume"),
        Noun("Mirror", "n", "Decoration", 95, "size"), Noun("Lamp", "n", "Light", 125, "colour"),
        Noun("Cream", "n", "Care", 17, "volume"), Noun("Soap", "n", "Care", 7, "volume"),
        Noun("Tea", "n", "Food", 8, "volume", reduced=True), Noun("Honey", "n", "Food", 10, "volume", reduced=True),
        Noun("Book", "n", "Books", 19, "", reduced=True), Noun("Stool", "n", "Furniture", 85, "colour"),
        Noun("Watering can", "n", "Garden", 36, "volume"),
    ),
    adjectives=(
        ("Large", "Large", "Large"), ("Small", "Small", "Small"), ("Fine", "Fine", "Fine"), ("Handmade", "Handmade", "Handmade"),
        ("Natural", "Natural", "Natural"), ("Oak", "Oak", "Oak"), ("Stoneware", "Stoneware", "Stoneware"),
    ),
    models=("Aran", "Burren", "Liffey", "Fuchsia", "Heather", "Kestrel", "Lough", "Rowan", "Skellig", "Tír na nÓg"),
    brands=("Quay Pottery", "Burren Weavers", "Heather and Daughters", "Oak Yard"),
    axes={
        "colour": ("Colour", ("white", "red", "blue", "yellow", "green")),
        "size": ("Size", ("small", "medium", "large")),
        "volume": ("Volume", ("50 ml", "100 ml", "250 ml")),
    },
    shipping=(Method("Parcel locker", 4), Method("Home delivery", 6), Method("Collection", 0)),
    payment=(Method("Cash on delivery", 3), Method("Card", 0), Method("Bank transfer", 0)),
    statuses={
        -1: "New", -2: "Being handled", -3: "Done", -4: "Cancelled", 17: "Waiting for goods",
        30: "Question to the customer", 70: "Handed to the carrier",
    },
    open_statuses=(17, 70),
    remarks=("Please wrap it as a gift.", "Leave it with the neighbour at No. 12.", "Thank you 😊", "Go raibh míle maith agaibh"),
    groups=("Wholesale", "Regulars"),
    coupon="Voucher",
    volume_discount="Volume discount",
    set_word="Set",
    piece="pcs",
    web="E-shop",
    counter="Shop",
    cash="Cash",
)  # fmt: skip
