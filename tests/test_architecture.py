"""The house rules a reviewer should never have to repeat."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHOP = ROOT / "shop"
DOMAINS = (  # reading order; each may import those before it
    "audit", "settings", "shops", "staff", "exports",
    "products", "customers", "orders",
    "segments", "analytics",
    "partitions", "backups", "snapshots", "recovery", "privacy",
)  # fmt: skip
WHO = ("audit", "settings", "shops", "staff")  # what every page may use freely
LADDER = {
    "statuses": 0,
    "quarters": 0,
    "permissions": 0,
    "models": 1,
    "queries": 2,
    "forms": 3,
    "jobs": 5,
    "commands": 5,
    "maintenance_commands": 5,
    "target_commands": 5,
    "views": 6,
    "replay_views": 6,
    "people_views": 6,
    "account_views": 6,
    "webhooks": 6,
}
WORK = 4  # any other file: named after what it does
EDGES = {  # what stands around the domains and may know them
    "factory", "frame", "health", "doctor", "demo",
    "schedule", "schedule_commands", "chores", "clearing", "ticking", "lateness", "punctuality",
    "job_views", "job_lines", "lock_lines", "partition_views",
    "backup_views", "restoration_views", "metrics",
    "setting_commands", "setting_effects", "setting_findings", "setting_views",
}  # fmt: skip
ENTRIES = {"factory", "supervision"}  # what may import an edge, beside app.py, worker.py and other edges
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "services", "service", "manager", "base"}
BANNED_VERBS = re.compile(r"_*(get|handle|process|do)_")
THEIR_WORDS = {  # names that another library asks for
    "get_id", "get_command", "process_bind_param", "handle_warm_shutdown_request", "handle_work_horse_killed",
}  # fmt: skip
MAX_LINES = 300
MAX_FUNCTION = 40  # lines; only a list of what is what, in a few steps, may be longer
FEW_STEPS = 20
BUDGETS = [  # folder, suffix, lines
    ("templates/components", ".html", 60),
    ("templates", ".html", 80),
    ("shop/static/css", ".css", 150),
    ("shop/static/js", ".js", 100),
]

FOLLOWS_THE_CATALOG = {  # a migration that goes the same way as a command does, by what it finds in the database alone
    "0020_partition_order_items.py": {("partitions", "conversion")},
}

MODULES = sorted(path for path in SHOP.rglob("*.py") if path.name != "__init__.py")
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


every_module = pytest.mark.parametrize("path", MODULES, ids=short)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").exists() or place.is_dir()


def shop_imports(path: Path) -> set[tuple[str, ...]]:
    """Return every module under `shop` that the file imports, as the parts of its name below `shop`."""
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "shop":
            inner = {f"{node.module}.{name.name}" for name in node.names}
            found |= {name if is_module(name) else str(node.module) for name in inner}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.split(".")[0] == "shop"}
    return {tuple(name.split(".")[1:]) for name in found} - {()}


def place(parts: tuple[str, ...]) -> tuple[str, int] | None:
    """Return (domain, rung) for a module's parts, or None outside the domains."""
    if len(parts) < 2 or parts[0] not in DOMAINS:
        return None
    return parts[0], LADDER.get(parts[1], WORK)


def allowed(importer: tuple[str, int], imported: tuple[str, int]) -> bool:
    (domain, rung), (other, other_rung) = importer, imported
    if other_rung == LADDER["views"]:
        return False
    if domain == other:
        return other_rung <= rung
    if rung == LADDER["views"]:  # pages are leaves: they may read any domain
        return other_rung <= LADDER["queries"] or other in WHO or DOMAINS.index(other) < DOMAINS.index(domain)
    return other_rung <= rung and DOMAINS.index(other) < DOMAINS.index(domain)


def test_the_rule_itself_knows_right_from_wrong() -> None:
    assert allowed(("orders", WORK), ("customers", 2))
    assert not allowed(("customers", WORK), ("orders", 2)), "domains to the right"
    assert not allowed(("orders", 1), ("orders", 2)), "up the ladder"
    assert not allowed(("audit", 2), ("staff", 1)), "the first domain knows no other"
    assert allowed(("customers", 6), ("orders", 2)), "a page reads any domain"
    assert not allowed(("customers", 6), ("orders", WORK)), "but changes nothing to the right"
    assert not allowed(("orders", 6), ("orders", 6)), "nobody imports a page"
    assert place(("locks",)) is None


@every_module
def test_imports_point_down_and_to_the_left(path: Path) -> None:
    parts = path.relative_to(SHOP).with_suffix("").parts
    here = place(parts)
    for name in shop_imports(path):
        there = place(name)
        if name[0] in EDGES and name[0] != parts[0]:
            assert parts[0] in ENTRIES | EDGES, f"{short(path)} may not import {name[0]}, which knows the domains"
        if there is None or parts[0] in EDGES:
            continue
        assert here, f"{short(path)} is foundation: it may not import {'.'.join(name)}"
        assert allowed(here, there), f"{short(path)} may not import {'.'.join(name)}"


def test_every_folder_is_a_known_domain_or_foundation() -> None:
    foundation = {"charts", "listing", "local", "platforms", "simulator", "static", "translations"} | {"demo"}
    folders = {path.name for path in SHOP.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= foundation | set(DOMAINS)


def test_packages_hold_no_code() -> None:
    for path in SHOP.rglob("__init__.py"):
        body = [node for node in parsed(path).body if not isinstance(node, ast.Expr)]
        assert not body, f"{short(path)}: a package is a folder here; code stands in files with a name"


@pytest.mark.parametrize("path", MODULES + TESTS, ids=short)
def test_every_file_has_a_name_a_purpose_and_a_size(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert path.stem not in BANNED_NAMES, "name the file after what it holds"
    assert source.count("\n") <= MAX_LINES, "split it by noun, not by size"
    if path.name != "__init__.py":
        purpose = ast.get_docstring(parsed(path))
        assert purpose, "say in one line what the file is for"
        assert len(purpose.splitlines()[0]) <= 120, "say it in one line"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@every_module
def test_functions_are_short_and_named_after_what_they_do(path: Path) -> None:
    for function in functions(path):
        if function.name not in THEIR_WORDS:
            assert not BANNED_VERBS.match(function.name), f"{function.name}: say what it returns or does"
        lines = (function.end_lineno or 0) - function.lineno + 1
        steps = sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1
        assert lines <= MAX_FUNCTION or steps <= FEW_STEPS, f"{function.name} has {lines} lines and {steps} steps"


@every_module
def test_only_pages_jobs_and_commands_commit(path: Path) -> None:
    """Work files and queries take part in a transaction; whoever called them decides when it ends."""
    parts = path.relative_to(SHOP).with_suffix("").parts
    here = place(parts)
    if here is None or here[1] >= LADDER["jobs"]:
        return
    commits = [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr == "commit" and "session" in ast.unparse(node.value)
    ]
    assert not commits or parts in COMMITTING, f"{short(path)} commits in line {commits}"


COMMITTING = {
    ("privacy", "erasing"),  # one person after another, before the leases that keep loads out are given back
    ("staff", "access"),  # before every page: the time a session was last used, and doors that were tried
}


@pytest.mark.parametrize("path", MODULES + TESTS, ids=short)
def test_no_failure_is_swallowed(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            goes_on = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
            assert caught not in ("everything", "Exception"), f"line {node.lineno}: name what is expected"
            assert caught != "BaseException" or goes_on, f"line {node.lineno}: tidy up, and let it go on"


@pytest.mark.parametrize(("folder", "suffix", "most"), BUDGETS, ids=str)
def test_templates_styles_and_scripts_stay_small(folder: str, suffix: str, most: int) -> None:
    sizes = {
        short(path): path.read_text(encoding="utf-8").count("\n")
        for path in (ROOT / folder).rglob(f"*{suffix}")
        if not (folder == "templates" and path.parent.name == "components")
    }
    assert sizes, "the folder has moved"
    assert {name: lines for name, lines in sizes.items() if lines > most} == {}


def test_a_migration_imports_nothing_of_ours() -> None:
    """Code moves on; a migration must do in ten years what it did on its first day."""
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        assert shop_imports(path) <= FOLLOWS_THE_CATALOG.get(path.name, set()), path.name


def test_no_word_of_the_machine_we_write_on() -> None:
    written = [*MODULES, *TESTS, *(ROOT / "templates").rglob("*.html"), *ROOT.glob("*.md"), *ROOT.glob("*.toml")]
    for path in written:
        if path != Path(__file__):
            assert not re.search(r"/work/(main|shared)\b|/tmp/pult/", path.read_text(encoding="utf-8")), short(path)
