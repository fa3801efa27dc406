"""A target that is a bucket: large objects in parts, which nobody sees before the last, and a manifest after them all."""

from collections.abc import Iterator
from contextlib import contextmanager

from shop.backups.places import MANIFEST, Differs, Fill, TargetFailed
from shop.backups.s3 import S3, S3Failure
from shop.fault_points import fault_point
from shop.languages import gettext as _

PART = 8 << 20  # bytes that are sent at once, and held meanwhile
MOST_PARTS = 10_000  # of one object, by the protocol


class BucketTarget:
    """Copies under a prefix of a bucket, each as a few objects below its own name."""

    def __init__(self, name: str, s3: S3) -> None:
        self.name, self.s3, self.part = name, s3, PART
        self.prefix = f"{s3.bucket.prefix}/" if s3.bucket.prefix else ""

    def begin(self, name: str, size: int) -> None:
        self.remove(name)
        self.part = max(self.part, size // (MOST_PARTS - 1) + 1)

    def write(self, name: str, file: str, fill: Fill) -> None:
        with self.told():
            upload = Upload(self.s3, f"{self.prefix}{name}/{file}", self.part)
            fill(upload)
            upload.finish()

    @contextmanager
    def read(self, name: str, file: str) -> Iterator[Iterator[bytes]]:
        with self.told(), self.s3.blocks(f"{self.prefix}{name}/{file}") as blocks:
            yield blocks

    def publish(self, name: str) -> None:
        """Do nothing more: its manifest is there."""

    def remove(self, name: str) -> None:
        with self.told():
            folder = f"{self.prefix}{name}/"
            keys = list(self.s3.keys(folder))
            for key in sorted(keys, key=lambda one: one != folder + MANIFEST):
                self.s3.delete(key)
            for key, upload in list(self.s3.uploads(folder)):
                self.s3.abort_upload(key, upload)

    def names(self) -> list[str]:
        with self.told():
            paths = [key.removeprefix(self.prefix).split("/") for key in self.s3.keys(self.prefix)]
            return sorted(parts[0] for parts in paths if len(parts) == 2 and parts[1] == MANIFEST)

    @contextmanager
    def told(self) -> Iterator[None]:
        try:
            yield
        except S3Failure as error:
            if error.code == "NoSuchKey":
                raise Differs(
                    _(
                        "The target %(target)s has lost what it took: a file that was stored there is gone.",
                        target=self.name,
                    )
                ) from error
            raise TargetFailed(
                _("The target %(target)s %(message)s.", target=self.name, message=error.message)
            ) from error


class Upload:
    """An object on its way: a small one in one call, a large one part by part, all through one piece of memory."""

    def __init__(self, s3: S3, key: str, part: int) -> None:
        self.s3, self.key = s3, key
        self.held, self.length = memoryview(bytearray(part)), 0
        self.upload: str | None = None
        self.tags: list[str] = []

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while rest:
            if self.length == len(self.held):
                self.send()
            count = min(len(rest), len(self.held) - self.length)
            self.held[self.length : self.length + count] = rest[:count]
            self.length += count
            rest = rest[count:]
        return len(data)

    def flush(self) -> None:
        """Leave it to `finish`: a part has a least size."""

    def send(self) -> None:
        self.upload = self.upload or self.s3.begin_upload(self.key)
        self.tags.append(self.s3.put_part(self.key, self.upload, len(self.tags) + 1, self.held[: self.length]))
        self.length = 0
        fault_point("targets.part_sent")

    def finish(self) -> None:
        if self.upload is None:
            self.s3.put(self.key, self.held[: self.length])
            return
        self.send()
        self.s3.complete_upload(self.key, self.upload, self.tags)
