"""Reads what lies on a target: every byte against what was sent, every file where it can be opened; or fetches it."""

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shop.backups import files
from shop.backups.archive import unpack
from shop.backups.encryption import WrongIdentity, decrypt
from shop.backups.holding import Progress, unwatched
from shop.backups.places import MANIFEST, Differs, Place, TargetFailed
from shop.backups.streams import Sink, Source, piped, summed
from shop.errors import ShopError
from shop.languages import N_
from shop.languages import gettext as _

FORMAT = 1  # of the manifest on a target
MOST_TEXT = 1 << 20  # bytes of a manifest; more is none of ours
UNTOUCHED = N_("Nothing of this copy counts there; the copy on this machine is untouched.")
OTHER_BYTES = N_("The target %(target)s gave back other bytes than it was sent (%(count)s of %(bytes)s). %(untouched)s")


@dataclass(frozen=True)
class Stored:
    """The archive of a copy as it lies on a target."""

    archive: str
    bytes: int
    sha256: str
    encrypted_to: list[str]  # the recipients; none: it is not encrypted

    def written(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, written: str, name: str) -> "Stored":
        """Read the manifest of a target. Raises `Differs` where it is none."""
        try:
            found = json.loads(written)
            stored = cls(
                str(found["archive"]),
                int(found["bytes"]),
                str(found["sha256"]),
                [str(one) for one in found["encrypted_to"]],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ShopError(
                _("The manifest of %(name)s cannot be read, so it does not count. Choose another copy.", name=name)
            ) from error
        if found.get("format") != FORMAT or "/" in stored.archive:
            raise ShopError(
                _(
                    "The copy %(name)s was sent by another version of Pult (format %(format)s).",
                    name=name,
                    format=found.get("format"),
                )
            )
        return stored


def write_text(place: Place, target: str, name: str, file: str, words: str) -> None:
    """Store a few words and read them back. Raises `TargetFailed`."""

    def fill(sink: Sink) -> None:
        sink.write(words.encode())

    place.write(name, file, fill)
    if read_text(place, name, file) != words:
        raise Differs(
            _(
                "The target %(target)s gave back another %(file)s than it was sent. %(untouched)s",
                target=target,
                file=file,
                untouched=UNTOUCHED,
            )
        )


def read_text(place: Place, name: str, file: str) -> str:
    found = bytearray()
    with place.read(name, file) as blocks:
        for block in blocks:
            found += block
            if len(found) > MOST_TEXT:
                break
    return found[:MOST_TEXT].decode(errors="replace")


def read_back(
    place: Place, target: str, name: str, stored: Stored, identity: Path | None, progress: Progress = unwatched
) -> bool:
    """Read the archive to its end and compare it; returns whether it was unpacked, every file equal.

    What is encrypted is unpacked where there is an identity. Raises `TargetFailed`, `Differs` of it where it is other bytes, or `WrongIdentity`.
    """
    digest, count = hashlib.sha256(), 0
    openable = not stored.encrypted_to or identity is not None
    complaint = ""

    def heard(done: int) -> None:
        nonlocal count
        count = done
        progress("read back", done, stored.bytes)

    with place.read(name, stored.archive) as blocks:
        passing = summed(blocks, digest, heard)
        try:
            if openable:
                opened(passing, stored, identity, None)
        except (WrongIdentity, TargetFailed):
            raise
        except ShopError as error:
            complaint = error.message
        for _block in passing:
            pass
    if count != stored.bytes or digest.hexdigest() != stored.sha256:
        raise Differs(OTHER_BYTES % {"target": target, "count": count, "bytes": stored.bytes, "untouched": UNTOUCHED})
    if complaint:
        raise Differs(
            _("What lies on the target %(target)s cannot be opened: %(complaint)s", target=target, complaint=complaint)
        )
    return openable


def opened(blocks: Iterator[bytes], stored: Stored, identity: Path | None, into: Path | None) -> int:
    """Decrypt and unpack, check every file, and return how many there were."""
    if not stored.encrypted_to:
        return unpack(io.BufferedReader(Source(blocks)), into)
    if identity is None:
        raise ShopError(
            "The copy is encrypted. Name the file with a key of one of its recipients: `--identity FILE`. Nothing was fetched."
        )
    key = identity
    with piped(lambda out: decrypt(blocks, out, key)) as stream:
        return unpack(stream, into)


def fetch(place: Place, name: str, into: Path, identity: Path | None, progress: Progress = unwatched) -> Path:
    """Bring a copy from a target into the folder `into`, as the folder that it was; returns that.

    Every byte is compared with the manifest of the target and every file with the copy's own checksums, before it
    gets its name. Raises ShopError, with nothing left.
    """
    stored = Stored.read(read_text(place, name, MANIFEST), name)
    if (into / name).exists():
        raise ShopError(f"There is a {name} in {into} already. Nothing was fetched; choose another folder.")
    partial = into / f"{files.PARTIAL}{name}"
    if partial.exists():
        shutil.rmtree(partial)  # of a fetch that was killed
    digest = hashlib.sha256()
    try:
        partial.mkdir(mode=0o700, parents=True)
        with place.read(name, stored.archive) as blocks:
            passing = summed(blocks, digest, lambda done: progress("fetch", done, stored.bytes))
            opened(passing, stored, identity, partial)
        if digest.hexdigest() != stored.sha256:
            raise files.Damaged(
                _(
                    "The archive of %(name)s is not the one that was sent: its checksum differs. Nothing was fetched.",
                    name=name,
                )
            )
        files.check(partial)
        return files.publish(partial, name)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise ShopError(
            f"The folder {into} refuses what was fetched ({error.strerror or error}). Nothing was kept there."
        ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
