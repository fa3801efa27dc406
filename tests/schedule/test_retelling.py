"""What workers stored about the schedule is said in the reader's language: sentences, lists in them, and several in a row."""

import pytest

from shop.languages import retold, spoken

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("The run before it was still going.", "Předchozí běh ještě nedoběhl."),
        ("Cleared away: 3~sessions, 1~run.", "Uklizeno: 3~přihlášení, 1~běh."),
        ("Tried again: snapshot 4, snapshot 12.", "Zkusilo se znovu: snímek 4, snímek 12."),
        (
            "Housekeeping has not succeeded for 2~d 4~h. It broke: ValueError. The log has the trace.",
            "Úklid: úloha se nepodařila už 2~d 4~h. Úloha se zhroutila: ValueError. Stopa je v logu.",
        ),
        (
            "Check of the figures of Dr. Max, obchod is late: it was due 3~h ago.",
            "Kontrola čísel, Dr. Max, obchod: úloha má zpoždění, měla proběhnout před 3~h.",
        ),
        ("Words of nobody, not even ours.", "Words of nobody, not even ours."),
    ],
)
def test_stored_sentences_are_told_in_czech(stored: str, told: str) -> None:
    with spoken("cs"):
        assert retold(stored.replace("~", NBSP)) == told.replace("~", NBSP)
    assert retold(stored) == stored
