"""What to do about a run that failed, by the code that it failed with."""

from shop.languages import N_, said
from shop.snapshots.models import Snapshot
from shop.snapshots.runs import asks_anew

PASSES = N_("There is nothing to do unless it stays. Once the platform answers again, one can be tried at once.")
ADVICE = {
    "contract_broken": N_(
        "Most often a page of maintenance or a changed address: look at the shop’s base URL, and try it again "
        "later. If it stays, Pult has to be updated."
    ),
    "platform_error": PASSES,
    "rate_limited": PASSES,
    "unreachable": PASSES,
    "locked": PASSES,
    "implausible": N_(
        "Look at the file first. If it holds only a part of the shop, load it again as a part. If the shop really "
        "is so, accept the file."
    ),
    "damaged_file": N_(
        "Export the file again and load the new one, then dismiss this. The stored copy stays as it is, for whoever looks into it."
    ),
    "too_many_bad_records": N_(
        "Look at the records set aside. Most often the file is of another kind, or the platform has changed "
        "its format: load a corrected file, or try this one again once Pult has been updated."
    ),
    "poisoned": N_(
        "Give the worker more memory, or look at the file; then try it again. It goes on from its stored file."
    ),
    "crashed": N_(
        "This is Pult’s own fault: hand the trace to whoever looks after this installation, and try one again once it is "
        "mended."
    ),
    "database_busy": N_("Pult tries it again by itself; there is nothing to do unless it stays."),
    "database_full": N_("Make room on the database’s disk; Pult then goes on by itself."),
    "timed_out": N_("Pult goes on by itself where it stopped; if it stays, look whether the machine is large enough."),
    "stored_meanwhile": N_("Run it again: another run had written the same records in between."),
}
OF_THE_CONNECTION = N_(
    "Mend the shop’s connection (an owner hands in tokens), check it, then run this again: Pult asks the platform anew."
)
ASKS_ANEW = N_("Run it again: Pult asks the platform for a new export. What was loaded before stays as it is.")
CONNECTION = (
    "bad_credentials", "token_expired", "no_rights", "addon_suspended", "addon_not_installed", "module_missing", "wrong_shop",
    "resting",
)  # fmt: skip
OWN_WORDS = ("contract_broken", "platform_error", "rate_limited", "unreachable", "locked", "crashed")
USUAL = N_("Put right what the sentence names, then run it again from its stored file.")


def advice(snapshot: Snapshot) -> str:
    if snapshot.error_code in OWN_WORDS:
        return said(ADVICE[snapshot.error_code])
    if asks_anew(snapshot):
        return said(OF_THE_CONNECTION if is_of_connection(snapshot) else ASKS_ANEW)
    return said(ADVICE.get(snapshot.error_code or "", USUAL))


def is_of_connection(snapshot: Snapshot) -> bool:
    """Whether the shop's connection has to be mended before another try can help."""
    return snapshot.error_code in CONNECTION


def needs_another_file(snapshot: Snapshot) -> bool:
    """Whether another try of the same file ends the same way: it wants a person's word, or another file."""
    return not asks_anew(snapshot) and snapshot.error_code in ("implausible", "damaged_file", "too_many_bad_records")


def can_be_accepted(snapshot: Snapshot) -> bool:
    """Tell whether a person's word is all that is missing: the file is whole, but empty or much smaller than before."""
    none_readable = snapshot.lines > 0 and snapshot.lines == snapshot.quarantined
    return snapshot.state == "failed" and snapshot.error_code == "implausible" and not none_readable


def can_run_again(snapshot: Snapshot) -> bool:
    return snapshot.state in ("failed", "cancelled") and (snapshot.file_path is not None or asks_anew(snapshot))
