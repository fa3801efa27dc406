"""Copies that count, without the minute that taking them costs; two kinds of target; keys that open what is encrypted."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pyrage
import pytest
from flask import Flask

from shop.backup_settings import Bucket, Target
from shop.backups import s3
from shop.backups.files import DATABASE, PARTIAL, RAW, publish, seal
from shop.backups.models import Backup
from shop.config import Config
from tests.backups.targets.bucket_server import BUCKET, KEY, REGION, SECRET, Store, bucket
from tests.builders import added

numbers = count(1)
Made = Callable[..., Backup]
Configured = Callable[..., Config]


@pytest.fixture
def a_copy(copies: Path) -> Made:
    """Make a copy with files of random bytes and a row that says that it was proven, so many hours ago."""

    def make(hours: float = 1, size: int = 300_000, **more: object) -> Backup:
        number, taken = next(numbers), datetime.now(UTC) - timedelta(hours=hours)
        partial = copies / f"{PARTIAL}made"
        for name, content in (
            (f"{DATABASE}/toc.dat", os.urandom(700)),
            (f"{DATABASE}/4711.dat.gz", os.urandom(size)),
            (f"{RAW}/raw/{'a-long-name-' * 12}.jsonl.gz", os.urandom(1024)),
            (f"{RAW}/raw/empty", b""),
        ):
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).write_bytes(content)
        manifest = {"taken_at": taken.isoformat(), "schema_version": "0027", "server_version": "18.1"}
        written = seal(partial, manifest)
        folder = publish(partial, f"{taken:%Y-%m-%dT%H%M%SZ}-{number}")
        values = {
            "state": "restorable",
            "requested_by": "test",
            "started_at": taken,
            "folder": folder.name,
            "bytes": written,
        }
        return added(Backup(**values | more))

    return make


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A bucket over HTTP; whoever calls it has little patience and rests for no time."""
    monkeypatch.setattr(s3, "RESTS", (0.0, 0.0))
    monkeypatch.setattr(s3, "SILENT", 2.0)
    with bucket() as made:
        yield made


@pytest.fixture
def offsite(store: Store) -> Target:
    found = Bucket(store.endpoint, BUCKET, "pult/one", REGION, KEY, SECRET)
    return Target("offsite", f"{store.endpoint}/{BUCKET}/pult/one", bucket=found)


@pytest.fixture
def nas(tmp_path: Path) -> Target:
    root = tmp_path / "nas"
    root.mkdir()
    return Target("nas", str(root), folder=root)


@pytest.fixture
def keys(tmp_path: Path) -> list[tuple[Path, str]]:
    """Three files of age, each with its recipient; copies are encrypted to the first two."""
    made = []
    for number in range(3):
        identity = pyrage.x25519.Identity.generate()
        path = tmp_path / f"key-{number}.txt"
        path.write_text(f"# created by the tests\n# public key: {identity.to_public()}\n{identity}\n")
        made.append((path, str(identity.to_public())))
    return made


@pytest.fixture
def configured(app: Flask, config: Config, monkeypatch: pytest.MonkeyPatch) -> Configured:
    """Let the application have these targets and recipients for the length of the test."""

    def configure(*targets: Target, **more: object) -> Config:
        changed = replace(config, backup_targets=targets, **more)
        monkeypatch.setitem(app.extensions, "pult", changed)
        return changed

    return configure
