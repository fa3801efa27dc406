"""Who may restore beside and approve a switch: owners, with their password, and of proven copies alone."""

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from tests.builders import PASSWORD, a_manager, a_restoration, a_shop, an_operator, an_owner, posted, signed_in


def states(db: SQLAlchemy) -> list[str]:
    db.session.rollback()
    found = list(db.session.execute(text("SELECT state FROM restorations ORDER BY id")).scalars())
    db.session.rollback()
    return found


def test_only_owners_ask_for_it_or_see_it(client: FlaskClient, db: SQLAlchemy) -> None:
    shop, one = a_shop(), a_restoration("ready")
    number, copy = one.id, one.backup_id
    for person in (an_operator([shop]), a_manager([shop])):
        signed_in(client, person)
        assert client.get(f"/backups/restorations/{number}").status_code == 403
        assert client.get(f"/backups/restorations/{number}/progress").status_code == 403
        acts = (f"restorations/{number}/{act}" for act in ("approval", "discarding", "cancellation"))
        for path in (f"{copy}/restorations", *acts):
            assert posted(client, f"/backups/{path}", password=PASSWORD).status_code == 403
        assert posted(client, "/backups/databases/removal", database="nowhere").status_code == 403
    assert states(db) == ["ready"]
    signed_in(client, an_operator([], "oto@example.com"))
    assert "Restore beside" not in client.get(f"/backups/{copy}").text


def test_what_is_not_proven_is_not_restored(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner())
    copy = a_restoration("discarded").backup_id
    db.session.execute(text("UPDATE backups SET state = 'failed'"))
    db.session.commit()
    assert posted(client, f"/backups/{copy}/restorations").status_code == 409
    assert posted(client, "/backups/987654/restorations").status_code == 404
    assert client.get("/backups/restorations/987654").status_code == 404
    assert states(db) == ["discarded"]


def test_a_switch_is_approved_with_the_password_alone(client: FlaskClient, db: SQLAlchemy) -> None:
    signed_in(client, an_owner(password=PASSWORD))
    path = f"/backups/restorations/{a_restoration('ready').id}"
    refused = posted(client, f"{path}/approval", password="not hers")
    assert refused.status_code == 401
    assert "This is not your password" in refused.text
    assert "flask backups switch --replace" not in refused.text
    assert posted(client, f"{path}/approval", password=PASSWORD).status_code == 303
    assert "flask backups switch --replace" in client.get(path).text
    acts = db.session.execute(text("SELECT action FROM audit_entries ORDER BY id")).scalars().all()
    assert acts[-2:] == ["backup_switch_refused", "backup_switch_approved"]
    db.session.execute(text("UPDATE restorations SET approved_at = now() - interval '61 minutes'"))
    db.session.commit()
    assert "flask backups switch --replace" not in client.get(path).text
