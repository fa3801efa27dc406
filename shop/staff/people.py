"""People come, get passwords, tokens and shops, and leave. Each act is recorded where it happens."""

import re
import secrets
from collections.abc import Sequence

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import Conflict, ShopError
from shop.shops.models import Shop
from shop.shops.queries import shop_by_slug
from shop.staff.models import Person, PersonShop
from shop.staff.passwords import password_hash, weakness
from shop.staff.permissions import Role
from shop.staff.queries import active_owners, person_by_email
from shop.staff.sessions import end_sessions, hashed

EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}")


class NoSuchPerson(ShopError):
    """Nobody here has this e-mail."""


def add_person(email: str, name: str, role: Role, slugs: Sequence[str], password: str) -> Person:
    """Let somebody sign in; a person who left comes back with a new role, shops and password."""
    email = email.strip()
    if not EMAIL.fullmatch(email):
        raise ShopError(f"{email!r} is not an e-mail address. Nobody was added.")
    weak = weakness(password, email)
    if weak:
        raise ShopError(f"{weak} Nobody was added.")
    person = person_by_email(email)
    if person and person.state == "active":
        raise Conflict(f"{person.email} is already here as {person.role}. Nothing was changed.")
    if person is None:
        person = Person(email=email)
        db.session.add(person)
    person.name = name.strip() or name_from(email)
    person.role = role.value
    person.state = "active"
    person.password_hash = password_hash(password)
    shops = [known_shop(slug) for slug in dict.fromkeys(slugs)]
    give(person, shops)
    record(Action.STAFF_ADDED, email, role=role.value, shops=[shop.slug for shop in shops])
    return person


def give_shops(email: str, slugs: Sequence[str]) -> Person:
    """Give a person exactly these shops."""
    person = known_person(email)
    shops = [known_shop(slug) for slug in dict.fromkeys(slugs)]
    give(person, shops)
    record(Action.STAFF_SHOPS_SET, person.email, shops=[shop.slug for shop in shops])
    return person


def set_password(email: str, password: str) -> Person:
    """Change the password and end every session that was opened with the old one."""
    person = known_person(email)
    weak = weakness(password, person.email)
    if weak:
        raise ShopError(f"{weak} The old password was kept.")
    person.password_hash = password_hash(password)
    record(Action.STAFF_PASSWORD_SET, person.email, sessions_ended=end_sessions(person))
    return person


def make_token(email: str) -> str:
    """Return a new personal token, which exists nowhere else; the one before it stops working."""
    person = known_person(email)
    if person.state != "active":
        raise ShopError(f"{person.email} is deactivated. No token was made; add the person again first.")
    token = f"pult_{secrets.token_urlsafe(32)}"
    record(Action.STAFF_TOKEN_MADE, person.email, replaced=person.token_hash is not None)
    person.token_hash = hashed(token)
    return token


def deactivate(email: str) -> Person:
    """End a person's access at once. What they did stays in the trail under their name."""
    person = known_person(email)
    if person.state != "active":
        raise Conflict(f"{person.email} is already deactivated. Nothing was changed.")
    if person.role == Role.OWNER and active_owners() == 1:
        raise ShopError(
            f"{person.email} is the last owner. Nobody was deactivated; add another owner first, or nobody could manage the staff."
        )
    person.state = "inactive"
    person.token_hash = None
    record(Action.STAFF_DEACTIVATED, person.email, sessions_ended=end_sessions(person))
    return person


def known_person(email: str) -> Person:
    person = person_by_email(email)
    if person is None:
        raise NoSuchPerson(f"Nobody here has the e-mail {email}. `flask staff list` shows who there is.")
    return person


def known_shop(slug: str) -> Shop:
    shop = shop_by_slug(slug)
    if shop is None:
        raise ShopError(f"There is no shop {slug}. Nothing was changed; `flask shops list` shows which there are.")
    return shop


def give(person: Person, shops: list[Shop]) -> None:
    person.shops = [PersonShop(shop_id=shop.id) for shop in shops]


def name_from(email: str) -> str:
    """Return Olga Nova for olga.nova@example.com."""
    return " ".join(word.capitalize() for word in re.split(r"[._+-]+", email.partition("@")[0]) if word)
