"""Static files at addresses that change with their content, and the style sheet as one file."""

import hashlib
import re
from pathlib import Path

from flask import Flask, Response, send_from_directory

STATIC = Path(__file__).with_name("static")
SHEET = "css/main.css"
VERSION = re.compile(r"[0-9a-f]{12}")
A_YEAR = 31_536_000  # seconds
IMPORT = re.compile(r'^@import "(?P<file>[\w./-]+)"(?: layer\((?P<layer>\w+)\))?;$', re.MULTILINE)


def fingerprint(folder: Path) -> str:
    """Return a short hash of every file under the folder, names included."""
    whole = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        whole.update(path.relative_to(folder).as_posix().encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


def bundled(sheet: Path) -> str:
    """Return a style sheet with its imports in place, so that a browser asks once instead of forty times."""

    def written_out(found: re.Match[str]) -> str:
        text = bundled(sheet.parent / found["file"])
        return f"@layer {found['layer']} {{\n{text}}}" if found["layer"] else text

    return IMPORT.sub(written_out, sheet.read_text(encoding="utf-8"))


def register(app: Flask) -> None:
    """Serve static files under their fingerprint, cacheable for ever; in debug mode they are read again each time."""
    version, sheet = fingerprint(STATIC), bundled(STATIC / SHEET)

    def asset(filename: str) -> str:
        """Return the address of a static file; relative imports inside it stay under the same fingerprint."""
        return f"{app.static_url_path}/{version}/{filename}"

    def static(filename: str) -> Response:
        asked, _, name = filename.partition("/")
        current = asked == version and not app.debug
        name = name if VERSION.fullmatch(asked) else filename  # a page from before an update still finds its files
        if name == SHEET:
            answer = Response(bundled(STATIC / SHEET) if app.debug else sheet, mimetype="text/css")
        else:
            answer = send_from_directory(STATIC, name)
        answer.cache_control.public, answer.cache_control.no_cache = True, None
        answer.cache_control.max_age = A_YEAR if current else 0
        answer.cache_control.immutable = current
        return answer

    app.view_functions["static"] = static
    app.jinja_env.globals["asset"] = asset
