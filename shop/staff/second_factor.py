"""The second factor: codes of an authenticator application that change each 30 seconds, and ten recovery codes.

Its libraries are imported when somebody uses it: most sign-ins do without, and each process would load them.
"""

import secrets
import time
from collections.abc import Iterator

from markupsafe import Markup
from sqlalchemy import delete, func, or_, select, update

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import Conflict, ShopError
from shop.languages import gettext as _
from shop.staff.models import Person, RecoveryCode
from shop.staff.sealing import factor_secret, reseal_factor, seal_factor
from shop.staff.sessions import hashed

STEP = 30  # seconds
AROUND = (0, -1, 1)  # steps that are tried: clocks differ, and typing takes time
CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
PARTS, PART = 4, 4  # a recovery code: four parts of four letters, about 79 bits
CODE, RECOVERY_CODE = "code", "recovery code"


class WrongCode(ShopError):
    """The code is not right, or was used already."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The code is not right, or it was used already. Nothing was changed; wait for the next code and check that the clock of the device is right."
            )
        )


def begin(person: Person) -> None:
    """Make a new secret. It asks for nothing until a code proves that the person's device has it."""
    if person.factor_since is not None:
        raise Conflict(_("The second factor is on already. Nothing was changed; take it away first to set up another."))
    import pyotp  # noqa: PLC0415 – see the purpose of this file

    seal_factor(person, pyotp.random_base32())
    person.factor_step = None
    record(Action.STAFF_FACTOR_BEGUN, person.email)


def activate(person: Person, code: str) -> list[str]:
    """Ask for a code at every sign-in from now on. Returns the recovery codes, which exist nowhere else. Raises WrongCode."""
    if person.factor_since is not None or person.factor_secret is None:
        raise Conflict(_("There is nothing to switch on. Nothing was changed; begin with “Set up a second factor”."))
    if not takes_code(person, code):
        raise WrongCode
    person.factor_since = func.now()
    record(Action.STAFF_FACTOR_ADDED, person.email)
    return made_codes(person)


def renew_codes(person: Person) -> list[str]:
    """Return ten new recovery codes; those before them stand in for nothing any more."""
    if person.factor_since is None:
        raise Conflict(_("There is no second factor, so there is nothing to recover. Nothing was changed."))
    record(Action.STAFF_CODES_RENEWED, person.email)
    return made_codes(person)


def remove(person: Person) -> None:
    """Ask for the password alone from now on."""
    if person.factor_secret is None:
        raise Conflict(_("%(email)s has no second factor. Nothing was changed.", email=person.email))
    person.factor_secret = person.factor_since = person.factor_step = None
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == person.id))
    record(Action.STAFF_FACTOR_REMOVED, person.email)


def accepted(person: Person, typed: str) -> str | None:
    """Use up what was typed; return whether it was a code or a recovery code, None if it is neither."""
    plain = "".join(typed.split()).lower()
    if plain.isdigit() and len(plain) == 6:
        return CODE if takes_code(person, plain) else None
    return RECOVERY_CODE if takes_recovery_code(person, plain) else None


def takes_code(person: Person, code: str) -> bool:
    """Tell whether this is the code of now, and let nobody use it or an older one again, not even at the same moment."""
    step = step_of(factor_secret(person), "".join(code.split()))
    if step is None:
        return False
    unused = or_(Person.factor_step.is_(None), Person.factor_step < step)
    taken = update(Person).where(Person.id == person.id, unused).values(factor_step=step).returning(Person.id)
    if db.session.scalar(taken, execution_options={"synchronize_session": False}) is None:
        return False
    reseal_factor(person)
    return True


def step_of(secret: str, code: str) -> int | None:
    """Return the step whose code this is, among those around now."""
    import pyotp  # noqa: PLC0415 – see the purpose of this file

    codes, now = pyotp.TOTP(secret, interval=STEP), int(time.time()) // STEP
    steps = [now + away for away in AROUND if is_same(codes.at((now + away) * STEP), code)]
    return steps[0] if steps else None


def is_same(known: str, given: str) -> bool:
    return secrets.compare_digest(known.encode(), given.encode())


def takes_recovery_code(person: Person, plain: str) -> bool:
    code = hashed(plain.replace("-", ""))
    unused = (RecoveryCode.staff_id == person.id, RecoveryCode.code_hash == code, RecoveryCode.used_at.is_(None))
    used = update(RecoveryCode).where(*unused).values(used_at=func.now()).returning(RecoveryCode.staff_id)
    return db.session.scalar(used) is not None


def made_codes(person: Person) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == person.id))
    codes = ["-".join(parts()) for _ in range(CODES)]
    db.session.add_all(RecoveryCode(staff_id=person.id, code_hash=hashed(code.replace("-", ""))) for code in codes)
    return codes


def parts() -> Iterator[str]:
    return ("".join(secrets.choice(LETTERS) for _ in range(PART)) for _ in range(PARTS))


def codes_left(person: Person) -> int:
    query = select(func.count()).where(RecoveryCode.staff_id == person.id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(query) or 0


def enrolment(person: Person) -> tuple[str, Markup]:
    """Return the secret in groups of four, to type, and the picture of its address, to scan."""
    import pyotp  # noqa: PLC0415 – see the purpose of this file
    import segno  # noqa: PLC0415 – as well

    secret = factor_secret(person)
    address = pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=person.email, issuer_name="Pult")
    picture = segno.make(address, error="m", micro=False).svg_inline(
        scale=4, omitsize=True, svgclass="qr__code", lineclass=None
    )
    grouped = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return grouped, Markup(picture)  # noqa: S704 – drawn by the library out of squares; no word of anybody is in it
