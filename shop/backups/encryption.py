"""Encryption in the age format: closed to several recipients, any one of whose identities opens it."""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from shop.backups.streams import Sink, Source, Summed
from shop.errors import ShopError
from shop.languages import gettext as _

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
                _(
                    "The keys of %(identity)s do not open this copy: it was encrypted to others. Nothing was unpacked; its "
                    "manifest names the recipients that it was encrypted to.",
                    identity=identity,
                )
            ) from error
        raise ShopError(
            _(
                "What was encrypted cannot be read (%(error)s). Nothing was taken for good; fetch it again, or use another "
                "copy.",
                error=error,
            )
        ) from error


def identities(path: Path) -> list[object]:
    """Return the keys of a file of age, as `age-keygen` writes it. Raises ShopError without ever naming one."""
    pyrage = importlib.import_module("pyrage")
    try:
        lines = path.read_text(encoding="ascii").split()
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-SECRET-KEY-")]
    except (OSError, ValueError, pyrage.IdentityError) as error:
        raise ShopError(
            _(
                "The file %(path)s cannot be read as keys of age (%(name)s). Nothing was opened.",
                path=path,
                name=type(error).__name__,
            )
        ) from error
    if not found:
        raise ShopError(
            _("The file %(path)s holds no key of age. Nothing was opened; `age-keygen` writes such files.", path=path)
        )
    return found
