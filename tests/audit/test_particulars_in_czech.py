"""What an entry tells is said in the reader's language; names stay names."""

from shop.audit.wording import particulars
from shop.languages import CZECH, said, spoken


def test_words_of_ours_are_said_and_names_are_not() -> None:
    with spoken(CZECH.code):
        assert particulars({"kind": "orders", "mode": "full"}, said) == "druh objednávky, režim úplné"
        assert particulars({"before": "Owner", "after": "Orders"}, said) == "před Owner, po Orders"
        assert (
            particulars({"key_renewed": True, "shops": ["Orders", "brno"]}, said)
            == "klíč obnoven ano, obchody Orders a brno"
        )


def test_programs_read_them_as_they_are_written() -> None:
    with spoken(CZECH.code):
        assert particulars({"kind": "orders", "key_renewed": True}) == "kind orders, key renewed yes"
