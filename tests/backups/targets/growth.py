"""`python -m tests.backups.targets.growth ENDPOINT MIB`: sends so much to a bucket, prints by how many bytes memory grew."""

import os
import resource
import sys

from shop.backup_settings import Bucket
from shop.backups.bucket_target import BucketTarget
from shop.backups.s3 import S3
from shop.backups.streams import BLOCK, Sink
from tests.backups.targets.bucket_server import BUCKET, KEY, REGION, SECRET


def most() -> int:
    """Return the most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def main(endpoint: str, mebibytes: int) -> None:
    s3 = S3(Bucket(endpoint, BUCKET, "pult", REGION, KEY, SECRET))
    target = BucketTarget("offsite", s3)

    def fill(count: int, sink: Sink) -> None:
        for _ in range(count):
            sink.write(os.urandom(BLOCK))

    target.write("small", "copy.tar", lambda sink: fill(1, sink))  # whatever a first call loads
    before = most()
    target.write("large", "copy.tar", lambda sink: fill(mebibytes, sink))
    sys.stdout.write(str(most() - before))
    s3.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
