"""The environment is read once and strictly: what is wrong or missing stops the start with a sentence that names it."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shop.config import Config, ConfigError, SecretKey, own_secret

ROOT = Path(__file__).parents[1]
CANARY = "canary-93b1c0"
WHOLE = {
    "DATABASE_URL": f"postgresql://pult:{CANARY}@db.example/pult",
    "REDIS_URL": f"redis://:{CANARY}@redis.example:6379/0",
    "SECRET_KEY": f"{CANARY}-and-more-of-it",
    "PULT_BASE_URL": "https://pult.example.com/",
    "PORT": "8080",
}


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, str]:
    return WHOLE | {"PULT_DATA_DIR": str(tmp_path / "var")}


WRONG = [
    ("DATABASE_URL", "", "DATABASE_URL must start with postgresql:// or postgres:// or postgresql+psycopg://."),
    ("DATABASE_URL", "mysql://db/pult", "DATABASE_URL must start with postgresql://"),
    ("DATABASE_URL", "postgresql://[::1/pult", "DATABASE_URL cannot be read as an address."),
    ("DATABASE_URL", "postgresql://db:port/pult", "DATABASE_URL cannot be read as an address."),
    ("REDIS_URL", "", "REDIS_URL must start with redis:// or rediss:// or unix://."),
    ("REDIS_URL", "http://redis", "REDIS_URL must start with redis://"),
    ("REDIS_URL", "redis://redis:port/0", "REDIS_URL cannot be read as an address."),
    ("SECRET_KEY", "", "SECRET_KEY has 0 characters; it needs at least 16."),
    ("SECRET_KEY", "short", "SECRET_KEY has 5 characters; it needs at least 16."),
    ("SECRET_KEY_BEFORE", "", "SECRET_KEY_BEFORE has 0 characters; no key of Pult is shorter than 16."),
    ("SECRET_KEY_BEFORE", "short", "SECRET_KEY_BEFORE has 5 characters"),
    ("SECRET_KEY_BEFORE", f"{CANARY}-and-more-of-it", "SECRET_KEY_BEFORE is the same as the key in force"),
    ("PULT_BASE_URL", "pult.example.com", "PULT_BASE_URL must start with http:// or https://."),
    ("PULT_BASE_URL", "https://", "PULT_BASE_URL names no host."),
    ("PORT", "", "PORT is ''; it must be a whole number from 1 to 65535."),
    ("PORT", "http", "PORT is 'http'; it must be a whole number"),
    ("PORT", "0", "PORT is '0'; it must be"),
    ("PORT", "65536", "PORT is '65536'; it must be"),
    ("PORT", "-1", "PORT is '-1'; it must be"),
    ("PORT", "٨٠٨٠", "it must be a whole number"),
    ("PULT_TRUSTED_PROXIES", "", "PULT_TRUSTED_PROXIES cannot be used: '' is no address and no network"),
    ("PULT_TRUSTED_PROXIES", "10.0.0.1,", "PULT_TRUSTED_PROXIES cannot be used: '' is no address"),
    ("PULT_TRUSTED_PROXIES", "proxy.example", "'proxy.example' is no address and no network"),
    ("PULT_TRUSTED_PROXIES", "10.0.0.1/8", "10.0.0.1/8 has host bits set"),
    ("PULT_TRUSTED_PROXIES", "10.0.0.0/33", "'10.0.0.0/33' is no address and no network"),
    ("PULT_TRUSTED_PROXIES", "172.18.0.0/16, 0.0.0.0/0", "'0.0.0.0/0' is every address there is"),
    ("PULT_DATA_DIR", "", "PULT_DATA_DIR is empty."),
    ("PULT_DATA_DIR", "  ", "PULT_DATA_DIR is empty."),
    ("PULT_DATA_DIR", "/dev/null/var", "PULT_DATA_DIR is /dev/null/var, and that folder cannot be made"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_a_wrong_value_is_named(whole: dict[str, str], name: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Config.from_environment(whole | {name: value})
    assert sentence in refused.value.message
    assert CANARY not in refused.value.message


def test_right_values_are_read(whole: dict[str, str]) -> None:
    config = Config.from_environment(whole)
    assert config.database_url == WHOLE["DATABASE_URL"]
    assert config.redis_url == WHOLE["REDIS_URL"]
    assert config.base_url == "https://pult.example.com"
    assert config.port == 8080
    assert config.data_dir == Path(whole["PULT_DATA_DIR"])
    assert stat.S_IMODE(config.data_dir.stat().st_mode) == 0o700


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_postgresql_is_one(whole: dict[str, str], scheme: str) -> None:
    config = Config.from_environment(whole | {"DATABASE_URL": f"{scheme}://db.example/pult"})
    assert config.database_url == "postgresql://db.example/pult"


def test_a_configuration_never_prints_its_secrets(whole: dict[str, str]) -> None:
    assert CANARY not in repr(Config.from_environment(whole))


def test_the_key_before_goes_with_the_key(whole: dict[str, str]) -> None:
    config = Config.from_environment(whole | {"SECRET_KEY_BEFORE": "the key of last year"})
    assert config.secret_key == WHOLE["SECRET_KEY"]
    assert isinstance(config.secret_key, SecretKey)
    assert config.secret_key.before == "the key of last year"
    assert "last year" not in repr(config)


def test_what_may_be_missing_has_its_default(whole: dict[str, str]) -> None:
    for name in ("SECRET_KEY", "PULT_BASE_URL", "PORT"):
        del whole[name]
    config = Config.from_environment(whole)
    assert (config.base_url, config.port) == (None, 8000)
    assert len(config.secret_key) == 64
    assert Config.from_environment(whole).secret_key == config.secret_key, "it is made once"
    assert stat.S_IMODE((config.data_dir / "secret-key").stat().st_mode) == 0o600


def test_many_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from shop.config import own_secret; print(own_secret(Path(sys.argv[1])))"
    )

    def start(_number: int) -> str:
        command = [sys.executable, "-c", program, str(tmp_path / "secret-key")]
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()

    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(start, range(8)))
    assert keys == {own_secret(tmp_path / "secret-key")}
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def flask(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in WHOLE}
    command = [sys.executable, "-m", "flask", *words]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env=kept | environ, timeout=60
    )


@pytest.mark.parametrize("words", [["shops", "list"], ["db", "upgrade"], ["doctor"], ["--help"]], ids=" ".join)
def test_a_command_says_it_in_one_sentence(whole: dict[str, str], words: list[str]) -> None:
    ended = flask(whole | {"PORT": "http"}, *words)
    assert ended.returncode == 1
    assert ended.stderr == "Error: PORT is 'http'; it must be a whole number from 1 to 65535.\n"
    assert ended.stdout == ""


def test_a_server_that_is_not_there_is_a_sentence_too(whole: dict[str, str]) -> None:
    ended = flask(whole | {"DATABASE_URL": f"postgresql://pult:{CANARY}@127.0.0.1:1/pult"}, "shops", "list")
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: The database does not answer (")
    assert "Traceback" not in ended.stderr
    assert CANARY not in ended.stderr
