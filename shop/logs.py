"""Structured logs: one JSON line an event, carrying the request, the run or the job it belongs to."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

SECRET = re.compile(r"password|token|secret|credential|authorization|cookie|signature_key", re.IGNORECASE)
IN_URL = re.compile(r"(?<=://)([^:/@\s]*):([^@/\s]+)@")
IN_HEADER = re.compile(r"\b(Bearer) +[\w.~+/=-]+")


def mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep secrets out of every line, whoever writes it and however deep they lie."""
    for key, value in event.items():
        event[key] = hidden(key, value)
    return event


def hidden(key: str, value: Any) -> Any:
    if SECRET.search(key) and value is not None and not key.endswith("_hash"):
        return "•••"
    if isinstance(value, str):
        return IN_HEADER.sub(r"\1 •••", IN_URL.sub(r"\1:•••@", value))
    if isinstance(value, Mapping):
        return {str(name): hidden(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [hidden("", inner) for inner in value]
    return value


def configure(process: str) -> None:
    """Write JSON lines to standard error. Called once, by each process's entry.

    A command answers the person who typed it in sentences; of its log they see only what is wrong.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if process == "command" else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=structlog.processors.JSONRenderer(), foreign_pre_chain=shared)
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("httpx", "httpcore"):  # their lines hold whole addresses and headers, and with them secrets
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)
