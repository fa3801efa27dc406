"""Encryption in the age format: closed to several recipients, any one of whose identities opens it."""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from shop.backups.streams import Sink, Source, Summed
from shop.errors import ShopError

SUFFIX = ".age"


class WrongIdentity(ShopError):
    """None of the keys opens what was encrypted."""


def encrypt(blocks: Iterator[bytes], out: Summed, recipients: Sequence[str]) -> None:
    """Write the blocks encrypted. Raises what making the blocks or writing them raised."""
    pyrage = importlib.import_module("pyrage")  # loaded by who needs it alone: every process would pay for it
    source = Source(blocks)
    try:
        pyrage.encrypt_io(source, out, [pyrage.x25519.Recipient.from_str(one) for one in recipients])
    except BaseException:
        if failed := source.failed or out.failed:
            raise failed from None
        raise


def decrypt(blocks: Iterator[bytes], out: Sink, identity: Path) -> None:
    """Write the blocks decrypted. Raises `WrongIdentity`, ShopError for damage, and what making the blocks raised."""
    pyrage = importlib.import_module("pyrage")
    keys, source = identities(identity), Source(blocks)
    try:
        pyrage.decrypt_io(source, out, keys)
    except BrokenPipeError:
        raise
    except (pyrage.DecryptError, OSError) as error:
        if source.failed:
            raise source.failed from None
        if "No matching keys" in str(error):
            raise WrongIdentity(
                f"The keys of {identity} do not open this copy: it was encrypted to others. Nothing was unpacked; its manifest "
                "names the recipients that it was encrypted to."
            ) from error
        raise ShopError(
            f"What was encrypted cannot be read ({error}). Nothing was taken for good; fetch it again, or use another copy."
        ) from error


def identities(path: Path) -> list[object]:
    """Return the keys of a file of age, as `age-keygen` writes it. Raises ShopError without ever naming one."""
    pyrage = importlib.import_module("pyrage")
    try:
        lines = path.read_text(encoding="ascii").split()
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-SECRET-KEY-")]
    except (OSError, ValueError, pyrage.IdentityError) as error:
        raise ShopError(
            f"The file {path} cannot be read as keys of age ({type(error).__name__}). Nothing was opened."
        ) from error
    if not found:
        raise ShopError(f"The file {path} holds no key of age. Nothing was opened; `age-keygen` writes such files.")
    return found
