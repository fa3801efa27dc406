"""The demo's people: added with passwords that are made here, and that stay the same from start to start."""

from shop.db import db
from shop.demo.cast import PEOPLE, SHOPS
from shop.demo.memory import Memory
from shop.staff import people
from shop.staff.passwords import invented, is_password
from shop.staff.permissions import Role
from shop.staff.queries import person_by_email


def ready(memory: Memory) -> dict[str, str]:
    """See that everybody can sign in, and return the passwords by e-mail. Commits."""
    for person in PEOPLE:
        memory.passwords.setdefault(person.email, invented())
    memory.write()
    passwords = {person.email: memory.passwords[person.email] for person in PEOPLE}
    for person in PEOPLE:
        let_in(person.email, person.role, passwords[person.email])
    db.session.commit()
    return passwords


def let_in(email: str, role: Role, password: str) -> None:
    known = person_by_email(email)
    if known is None or known.state != "active":
        slugs = () if role is Role.OWNER else [shop.slug for shop in SHOPS]
        people.add_person(email, "", role, slugs, password)
    elif not is_password(known.password_hash, password):
        people.set_password(email, password)
