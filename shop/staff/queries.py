"""Who may sign in, by e-mail; who there is; which shops are theirs."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from shop.db import db
from shop.shops.models import Shop
from shop.shops.queries import all_shops
from shop.staff.models import Person, PersonShop
from shop.staff.permissions import Role


@dataclass(frozen=True)
class Colleague:
    """One line of the staff page. `shops` is None where every shop is meant."""

    person: Person
    shops: list[Shop] | None


def person_by_email(email: str) -> Person | None:
    """Return the person with this e-mail in any letter case, active or not."""
    return db.session.scalar(select(Person).where(func.lower(Person.email) == email.strip().lower()))


def anybody_exists() -> bool:
    return db.session.scalar(select(select(Person.id).exists())) or False


def active_owners() -> int:
    owners = select(func.count()).where(Person.role == Role.OWNER, Person.state == "active")
    return db.session.scalar(owners) or 0


def shops_of(person: Person) -> list[Shop]:
    """Return the shops this person may see, in the order they were connected."""
    if person.role == Role.OWNER:
        return all_shops()
    theirs = select(PersonShop.shop_id).where(PersonShop.staff_id == person.id)
    return list(db.session.scalars(select(Shop).where(Shop.id.in_(theirs)).order_by(Shop.id)))


def people() -> Sequence[Person]:
    """Return everybody, owners first, then by name; those who left come last."""
    order = (Person.state != "active", Person.role != Role.OWNER, func.lower(Person.name), Person.id)
    return db.session.scalars(select(Person).order_by(*order)).all()


def colleagues() -> list[Colleague]:
    """Return everybody with the shops they were given, in one query for all shops."""
    shops = {shop.id: shop for shop in all_shops()}
    return [
        Colleague(
            person,
            None
            if person.role == Role.OWNER
            else sorted((shops[given.shop_id] for given in person.shops), key=lambda shop: shop.id),
        )
        for person in people()
    ]
