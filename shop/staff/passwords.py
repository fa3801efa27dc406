"""Passwords: Argon2id hashes, equal work for everybody who asks, and what is too weak."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 8  # characters
LONGEST = 1024

HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)  # Argon2id, 32 MiB, about 50 ms
NOBODY = HASHER.hash(secrets.token_hex(16))  # verified when there is no such person, so that both take as long


def password_hash(password: str) -> str:
    return HASHER.hash(password)


def is_password(known: str | None, given: str) -> bool:
    """Tell whether the password fits the hash; without a hash it does the same work and says no."""
    try:
        fits = HASHER.verify(known or NOBODY, given[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return fits and known is not None


def is_outdated(known: str) -> bool:
    """Tell whether the hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(known)


def weakness(password: str, email: str) -> str | None:
    """Return in a sentence why this password will not do, or None."""
    if len(password) < SHORTEST:
        return f"The password has {len(password)} characters; it needs at least {SHORTEST}."
    if len(password) > LONGEST:
        return f"The password has {len(password)} characters; at most {LONGEST} are read."
    plain = password.lower()
    if plain in {email.lower(), email.lower().partition("@")[0]}:
        return "The password is the e-mail address; choose words that are not shown on the page."
    if len(set(plain)) < 4 or plain in "01234567890 abcdefghijklmnopqrstuvwxyz qwertyuiop password123":
        return "The password is among the first that anybody would try; choose several unrelated words."
    return None


def invented() -> str:
    """Return a password for somebody who asked Pult to choose one: 4 x 5 letters and digits, about 100 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))
