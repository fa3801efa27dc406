"""Passwords: Argon2id hashes, equal work for everybody who asks, and what is too weak."""

import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shop.languages import gettext as _

SHORTEST = 8  # characters
LONGEST = 1024
LEAST_SCORE = 3  # of zxcvbn's 0 to 4: more than a hundred million guesses, by somebody who knows how people choose
JUDGED = 72  # characters that are looked at; what follows makes a password no weaker
OF_OURS = (
    "pult",
    "shoptet",
    "backoffice",
    "eshop",
    "owner",
    "manager",
    "operator",
)  # words that anybody here would try

HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)  # Argon2id, 32 MiB, about 50 ms
# Verified when there is no such person, so that both cost as much. It was made of random words that nobody has kept, with the parameters
# above, and stands here because making it would be a tenth of what every process does to start.
NOBODY = "$argon2id$v=19$m=32768,t=3,p=1$Scx6wl3ksBdrs/bT43I4CA$JkG5ljhmYdcNDIpOMbEPt/IkWbKgy/r9t7F6e8Tc/QI"


def password_hash(password: str) -> str:
    return HASHER.hash(password)


def is_password(known: str | None, given: str) -> bool:
    """Tell whether the password fits the hash; without a hash it does the same work and says no."""
    try:
        fits = HASHER.verify(known or NOBODY, given[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return fits and known is not None and len(given) <= LONGEST


def is_outdated(known: str) -> bool:
    """Tell whether the hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(known)


def weakness(password: str, email: str) -> str | None:
    """Return in a sentence why this password will not do, or None."""
    if len(password) < SHORTEST:
        return _(
            "The password has %(length)s characters; it needs at least %(shortest)s.",
            length=len(password),
            shortest=SHORTEST,
        )
    if len(password) > LONGEST:
        return _(
            "The password has %(length)s characters; at most %(longest)s are read.",
            length=len(password),
            longest=LONGEST,
        )
    if password.lower() == email.lower():
        return _("The password is the e-mail address; choose words that are not shown on the page.")
    if score(password, email) < LEAST_SCORE:
        return _("The password is among the first that anybody would try; choose several unrelated words.")
    return None


def score(password: str, email: str) -> int:
    """Return how hard the password is to guess, from 0 to 4, for somebody who knows the person's address and Pult's words."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists of words take a fifth of a second, and few requests need them

    theirs = [email, *re.split(r"[@.]", email), *re.split(r"\W", email), *re.split(r"[@.]", email.replace("-", ""))]
    judged: int = zxcvbn(password[:JUDGED], user_inputs=[word for word in (*theirs, *OF_OURS) if word])["score"]
    return judged


def invented() -> str:
    """Return a password for somebody who asked Pult to choose one: 4 x 5 letters and digits, about 100 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))
