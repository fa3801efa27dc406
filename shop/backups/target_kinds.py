"""Which code speaks to which kind of target."""

from collections.abc import Iterator
from contextlib import contextmanager

from shop.backup_settings import Target
from shop.backups.bucket_target import BucketTarget
from shop.backups.folder_target import FolderTarget
from shop.backups.places import Place
from shop.backups.s3 import S3


@contextmanager
def place_of(target: Target) -> Iterator[Place]:
    """Yield what speaks to a target; its connections are closed when the block is left."""
    if target.folder:
        yield FolderTarget(target.name, target.folder)
        return
    assert target.bucket, "a target is a folder or a bucket"
    s3 = S3(target.bucket)
    try:
        yield BucketTarget(target.name, s3)
    finally:
        s3.close()
