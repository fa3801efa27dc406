"""What every answer carries: strict security headers, and the id of the request."""

import re
import time

import structlog
from flask import Flask, Response, g, request

from shop.errors import reference

log = structlog.get_logger()

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
HSTS = "max-age=31536000; includeSubDomains"  # of Pult's own host name; a year
KNOWN_ID = re.compile(r"[0-9a-zA-Z-]{8,64}")


def register(app: Flask) -> None:
    """Give every request an id, bind it to the logs, and harden every answer."""

    @app.before_request
    def name_request() -> None:
        g.started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        if KNOWN_ID.fullmatch(given):
            g.request_id = given
        structlog.contextvars.bind_contextvars(request=reference())

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.is_secure or app.config["SESSION_COOKIE_SECURE"]:  # a proxy elsewhere may not tell of TLS
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
            took = time.perf_counter() - g.get("started", time.perf_counter())
            log.info(
                "answered",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round(took * 1000, 1),
            )
        response.headers["X-Request-ID"] = reference()
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        structlog.contextvars.unbind_contextvars("request")
