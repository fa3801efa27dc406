"""What the tests of signing in do over and over."""

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from werkzeug.test import TestResponse

from shop.audit.models import AuditEntry
from tests.builders import PASSWORD, posted


def sign_in(
    client: FlaskClient, email: str = "olga@example.com", password: str = PASSWORD, after: str = "/"
) -> TestResponse:
    return posted(client, "/sign-in", email=email, password=password, next=after)


def is_signed_in(client: FlaskClient) -> bool:
    """Tell whether an owner is known on their own page."""
    return client.get("/staff/").status_code == 200


def trail(db: SQLAlchemy) -> list[AuditEntry]:
    """Every entry, the oldest first."""
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
