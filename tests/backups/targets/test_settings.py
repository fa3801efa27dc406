"""What the environment may say of encryption and targets: right, or refused by a sentence that holds no secret."""

import subprocess
import sys
from pathlib import Path

import pyrage
import pytest

from shop.backup_settings import Bucket, Target
from shop.config import Config, ConfigError

ROOT = Path(__file__).parents[3]
CANARY = "canary-4411"
SERVERS = {
    "DATABASE_URL": "postgresql://db/pult",
    "REDIS_URL": "redis://redis",
    "SECRET_KEY": "a key of sixteen or more",
}
S3 = {"PULT_BACKUP_KEY_OFF_SITE": f"{CANARY}-key", "PULT_BACKUP_SECRET_OFF_SITE": f"{CANARY}-secret"}


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, str]:
    return SERVERS | {"PULT_DATA_DIR": str(tmp_path / "var")}


def a_key() -> tuple[str, str]:
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


FIRST, SECOND = a_key(), a_key()
WRONG = [
    ("PULT_BACKUP_RECIPIENTS", "", "number 1 of 1 is no recipient of age"),
    ("PULT_BACKUP_RECIPIENTS", f"{FIRST[1]},age1{CANARY}", "number 2 of 2 is no recipient of age"),
    ("PULT_BACKUP_RECIPIENTS", f"{FIRST[1]},{SECOND[1][:-1]}", "number 2 of 2 is no recipient of age"),
    ("PULT_BACKUP_RECIPIENTS", FIRST[1], "names a single recipient"),
    ("PULT_BACKUP_RECIPIENTS", f"{FIRST[1]}, {FIRST[1]}", "names a single recipient"),
    ("PULT_BACKUP_RECIPIENTS", f"{FIRST[1]},{SECOND[0]}", "holds a secret key, which opens every copy"),
    ("PULT_BACKUP_IDENTITY", "", "PULT_BACKUP_IDENTITY names no file"),
    ("PULT_BACKUP_IDENTITY", "/nowhere/key.txt", "PULT_BACKUP_IDENTITY names no file"),
    ("PULT_BACKUP_TARGETS", "", "'' is no name with its place"),
    ("PULT_BACKUP_TARGETS", "/mnt/nas", "'/mnt/nas' is no name with its place"),
    ("PULT_BACKUP_TARGETS", "Nas=/mnt/nas", "'Nas' is no name with its place"),
    ("PULT_BACKUP_TARGETS", "nas=", "'nas' is no name with its place"),
    ("PULT_BACKUP_TARGETS", "nas=mnt/nas", "it is neither the path of a folder nor an address"),
    ("PULT_BACKUP_TARGETS", "nas=/a,nas=/b", "has the name nas twice"),
    ("PULT_BACKUP_TARGETS", "nas=/a,usb=/a", "has the place /a twice"),
    ("PULT_BACKUP_TARGETS", "off-site=https://s3.example/bucket", "it names no region, or more than that"),
    ("PULT_BACKUP_TARGETS", "off-site=https://s3.example/bucket?region=eu&x=1", "it names no region, or more than that"),
    ("PULT_BACKUP_TARGETS", "off-site=https://s3.example/?region=eu", "it names no bucket"),
    ("PULT_BACKUP_TARGETS", "off-site=https://s3.example/bucket/a/../b?region=eu", "its prefix may have letters"),
    ("PULT_BACKUP_TARGETS", "off-site=https://s3.example/bucket/a b?region=eu", "its prefix may have letters"),
    ("PULT_BACKUP_TARGETS", f"off-site=https://me:{CANARY}@s3.example/bucket?region=eu", "keys do not belong into an address"),
    ("PULT_BACKUP_TARGETS", "off-site=https://[::1/bucket?region=eu", "it cannot be read as an address"),
    ("PULT_BACKUP_TARGETS", "no-key=https://s3.example/bucket?region=eu", "PULT_BACKUP_KEY_NO_KEY is empty or missing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "sentence"), WRONG, ids=map(str, range(len(WRONG)))
)  # keys differ in each process
def test_a_wrong_value_is_named(whole: dict[str, str], name: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Config.from_environment(whole | S3 | {name: value})
    assert sentence in refused.value.message
    assert CANARY not in refused.value.message
    assert "AGE-SECRET" not in refused.value.message


def test_a_secret_that_is_framed_by_blanks_is_refused_without_showing_it(whole: dict[str, str]) -> None:
    targets = {"PULT_BACKUP_TARGETS": "off-site=https://s3.example/bucket?region=eu"}
    with pytest.raises(ConfigError, match="PULT_BACKUP_SECRET_OFF_SITE is framed by blanks") as refused:
        Config.from_environment(whole | S3 | targets | {"PULT_BACKUP_SECRET_OFF_SITE": f"{CANARY}\n"})
    assert CANARY not in refused.value.message


def test_right_values_are_read_and_no_secret_is_shown(whole: dict[str, str], tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text(FIRST[0])
    config = Config.from_environment(
        whole | S3 | {
            "PULT_BACKUP_RECIPIENTS": f"{FIRST[1]}, {SECOND[1]}", "PULT_BACKUP_IDENTITY": str(key),
            "PULT_BACKUP_TARGETS": "nas=/mnt/nas/pult, off-site=https://s3.example:9000/bucket/a/b?region=eu-central-1",
        }
    )  # fmt: skip
    assert config.backup_recipients == (FIRST[1], SECOND[1])
    assert config.backup_identity == key
    nas, offsite = config.backup_targets
    assert nas == Target("nas", "/mnt/nas/pult", folder=Path("/mnt/nas/pult"))
    assert offsite.place == "https://s3.example:9000/bucket/a/b"
    assert offsite.bucket == Bucket(
        "https://s3.example:9000", "bucket", "a/b", "eu-central-1", f"{CANARY}-key", f"{CANARY}-secret"
    )
    assert CANARY not in repr(config)


def test_without_any_of_it_nothing_is_there(whole: dict[str, str]) -> None:
    config = Config.from_environment(whole)
    assert (config.backup_recipients, config.backup_identity, config.backup_targets) == ((), None, ())


def test_encryption_is_loaded_by_who_encrypts_alone() -> None:
    program = "import sys, shop.chores, shop.backups.commands; sys.exit('pyrage' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
