"""Puts the application together: configuration, extensions, pages, commands."""

import importlib
from functools import partial
from pathlib import Path

import click
from flask import Flask
from flask_wtf.csrf import CSRFProtect

from shop import (
    assets,
    boundaries,
    cache,
    db,
    errors,
    formatting,
    fragments,
    frame,
    headers,
    languages,
    logs,
    queues,
    slow_bodies,
)
from shop.config import Config, SecretKey
from shop.exports import keeping
from shop.settings.options import PER_PAGE
from shop.settings.values import value
from shop.staff import access, language_choice

ROOT = Path(__file__).parents[1]
DOMAINS = (
    "audit",
    "settings",
    "shops",
    "staff",
    "exports",
    "products",
    "customers",
    "orders",
    "analytics",
    "partitions",
    "backups",
    "snapshots",
    "recovery",
    "privacy",
)
csrf = CSRFProtect()


def create_app(config: Config | None = None) -> Flask:
    """Build the application for one process. Without a config, the environment is read."""
    logs.configure("web" if click.get_current_context(silent=True) is None else "command")
    config = config or Config.from_environment()
    app = errors.Application("shop", root_path=str(ROOT / "shop"), template_folder=str(ROOT / "templates"))
    app.config.update(settings(config))
    app.extensions["pult"] = config
    app.extensions["usual_size"] = partial(value, PER_PAGE)
    app.extensions["exports"] = keeping.begun
    for part in (
        languages,
        language_choice,
        db,
        boundaries,
        errors,
        headers,
        slow_bodies,
        formatting,
        fragments,
        assets,
        access,
        frame,
        queues,
        cache,
    ):
        part.register(app)
    csrf.init_app(app)
    for domain in DOMAINS:
        register_domain(app, domain)
    extras = (
        "health",
        "doctor",
        "job_views",
        "partition_views",
        "backup_views",
        "restoration_views",
        "metrics",
        "setting_commands",
        "language_commands",
        "boundary_commands",
        "setting_views",
        "schedule_commands",
        "local.commands",
        "demo.commands",
    )
    for extra in extras:
        importlib.import_module(f"shop.{extra}").register(app)
    return app


def settings(config: Config) -> dict[str, object]:
    """Translate our configuration into the extensions' own names."""
    secure = bool(config.base_url and config.base_url.startswith("https://"))
    return {
        "SECRET_KEY": config.secret_key,
        "SECRET_KEY_FALLBACKS": [config.secret_key.before] if isinstance(config.secret_key, SecretKey) else [],
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": db.engine_options(config.testing),
        "TESTING": config.testing,
        "PROPAGATE_EXCEPTIONS": False,
        "SESSION_COOKIE_NAME": "__Host-pult" if secure else "pult",  # so prefixed, no other host or path can set it
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "WTF_CSRF_TIME_LIMIT": 12 * 3600,
        "WTF_CSRF_SSL_STRICT": secure,
        "MAX_CONTENT_LENGTH": 512 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "CACHE_TYPE": "shop.cache.JSONRedisCache",
        "CACHE_REDIS_URL": config.redis_url,
        "CACHE_OPTIONS": {"socket_timeout": cache.PATIENCE, "socket_connect_timeout": cache.PATIENCE},
        "CACHE_KEY_PREFIX": "pult:cache:",
        "CACHE_DEFAULT_TIMEOUT": 60,
    }


def register_domain(app: Flask, domain: str) -> None:
    """A domain brings its pages in `views.bp`, its commands in `commands.group`, and what machines call in `webhooks.bp`."""
    for edge, thing, take in (
        ("views", "bp", app.register_blueprint),
        ("replay_views", "bp", app.register_blueprint),
        ("people_views", "bp", app.register_blueprint),
        ("account_views", "bp", app.register_blueprint),
        ("webhooks", "bp", app.register_blueprint),
        ("webhooks", "bp", csrf.exempt),  # there a signature stands for the sender, and no session is looked at
        ("commands", "group", app.cli.add_command),
    ):
        if (ROOT / "shop" / domain / f"{edge}.py").exists():
            take(getattr(importlib.import_module(f"shop.{domain}.{edge}"), thing))
    if (ROOT / "shop" / domain / "models.py").exists():
        importlib.import_module(f"shop.{domain}.models")
