"""One shop, and an empty raw store: what is looked for in it must come from the test."""

import shutil

import pytest
from flask_sqlalchemy import SQLAlchemy

from shop.config import Config
from shop.privacy import journal
from shop.shops.models import Shop
from tests.builders import a_shop


@pytest.fixture
def shop(db: SQLAlchemy, config: Config) -> Shop:
    shutil.rmtree(config.data_dir / "raw", ignore_errors=True)
    (config.data_dir / journal.NAME).unlink(missing_ok=True)
    return a_shop("dilna")
