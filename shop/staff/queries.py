"""Who may sign in, by e-mail; who there is; which shops are theirs."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased, selectinload

from shop.db import db
from shop.shops.models import Shop
from shop.shops.queries import all_shops
from shop.staff.models import Person, PersonalToken, PersonShop, SignIn
from shop.staff.permissions import Role

HIGHEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Colleague:
    """One line of the staff page. `shops` is None where every shop is meant."""

    person: Person
    shops: list[Shop] | None
    sessions: int = 0  # live ones
    tokens: int = 0  # that work


def person_by_email(email: str) -> Person | None:
    """Return the person with this e-mail in any letter case, active or not."""
    return db.session.scalar(select(Person).where(func.lower(Person.email) == email.strip().lower()))


def anybody_exists() -> bool:
    return db.session.scalar(select(select(Person.id).exists())) or False


def active_owners() -> int:
    owners = select(func.count()).where(Person.role == Role.OWNER, Person.state == "active")
    return db.session.scalar(owners) or 0


def has_other_owners(person: Person) -> bool:
    """Tell whether another owner could sign in; two owners who remove each other at once wait for one another here."""
    owners = select(Person).where(Person.role == Role.OWNER, Person.state == "active").order_by(Person.id)
    locked = db.session.scalars(owners.with_for_update()).all()
    return any(owner.id != person.id and owner.password_hash for owner in locked)


def person_numbered(person_id: int) -> Person | None:
    return db.session.get(Person, person_id) if person_id <= HIGHEST_ID else None


def shops_given_to(person: Person) -> list[Shop]:
    """Return the shops a person was given, whatever their role, in the order they were connected."""
    theirs = select(PersonShop.shop_id).where(PersonShop.staff_id == person.id)
    return list(db.session.scalars(select(Shop).where(Shop.id.in_(theirs)).order_by(Shop.id)))


NOT_LATER = aliased(Shop)
# Of a shop among all that there are, in the order they were connected.
NUMBER = select(func.count(NOT_LATER.id)).where(NOT_LATER.id <= Shop.id).scalar_subquery()
# A person this shop.
MAY_SEE = or_(
    Person.role == Role.OWNER.value, exists().where(PersonShop.staff_id == Person.id, PersonShop.shop_id == Shop.id)
)


def numbered_shops_of(person: Person) -> dict[Shop, int]:
    """Return the shops this person may see, each with its number among all that there are, in the order they were connected."""
    query = select(Shop, NUMBER).join(Person, MAY_SEE).where(Person.id == person.id).order_by(Shop.id)
    return {row[0]: row[1] for row in db.session.execute(query)}


def people() -> Sequence[Person]:
    """Return everybody, owners first, then by name; those who left come last."""
    order = (Person.state != "active", Person.role != Role.OWNER, func.lower(Person.name), Person.id)
    return db.session.scalars(select(Person).options(selectinload(Person.shops)).order_by(*order)).all()


def colleagues() -> list[Colleague]:
    """Return everybody with the shops they were given, in one query for all shops, one for sessions and one for tokens."""
    shops = {shop.id: shop for shop in all_shops()}
    sessions, tokens = live_by_person(SignIn), live_by_person(PersonalToken)
    return [
        Colleague(
            person,
            None
            if person.role == Role.OWNER
            else sorted((shops[given.shop_id] for given in person.shops), key=lambda shop: shop.id),
            sessions.get(person.id, 0),
            tokens.get(person.id, 0),
        )
        for person in people()
    ]


def live_by_person(of: type[SignIn] | type[PersonalToken]) -> dict[int, int]:
    """Return how many sessions that have not ended, or tokens that work, each person has."""
    ended = SignIn.ended_at if of is SignIn else PersonalToken.revoked_at
    count = select(of.staff_id, func.count()).where(ended.is_(None), of.expires_at > func.now()).group_by(of.staff_id)
    return {row[0]: row[1] for row in db.session.execute(count)}
