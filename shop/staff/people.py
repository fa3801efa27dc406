"""People come, get passwords, roles and shops, and leave. Each act is recorded where it happens."""

import re
from collections.abc import Sequence

from shop.audit.recording import Action, record
from shop.db import db
from shop.errors import Conflict, ShopError
from shop.languages import gettext as _
from shop.shops.models import Shop
from shop.shops.queries import shop_by_slug
from shop.staff import links, tokens
from shop.staff.models import Person, PersonShop
from shop.staff.passwords import is_password, password_hash, weakness
from shop.staff.permissions import Role
from shop.staff.queries import has_other_owners, person_by_email, shops_given_to
from shop.staff.sessions import end_sessions

EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}")
LONGEST_NAME = 100


class NoSuchPerson(ShopError):
    """Nobody here has this e-mail."""


class LastOwner(ShopError):
    """Without this owner nobody could manage the staff."""


def add_person(
    email: str, name: str, role: Role, slugs: Sequence[str], password: str | None, *, personal: bool | None = None
) -> Person:
    """Let somebody sign in; a person who left comes back with a new role, shops and password.

    Without a password they are invited: nobody signs in as them until they have chosen one. Unless it is said whether they see
    `personal` data, operators do not and the others do.
    """
    email = email.strip()
    if not EMAIL.fullmatch(email):
        raise ShopError(_("%(email)s is not an e-mail address. Nobody was added.", email=repr(email)))
    weak = None if password is None else weakness(password, email)
    if weak:
        raise ShopError(_("%(weak)s Nobody was added.", weak=weak))
    shops = [known_shop(slug) for slug in dict.fromkeys(slugs)]
    person = person_by_email(email)
    if person and person.state == "active":
        raise Conflict(
            _("%(email)s is already here as %(role)s. Nothing was changed.", email=person.email, role=person.role)
        )
    if person is None:
        person = Person(email=email)
        db.session.add(person)
    person.name = name.strip()[:LONGEST_NAME] or name_from(email)
    person.role = role.value
    person.sees_personal = role != Role.OPERATOR if personal is None else personal
    person.state = "active"
    person.password_hash = None if password is None else password_hash(password)
    give(person, shops)
    db.session.flush()
    record(Action.STAFF_ADDED, email, role=role.value, shops=[shop.slug for shop in shops])
    if personal is not None:
        record(Action.STAFF_PERSONAL_SET, email, before=None, after=personal)
    return person


def invite(person: Person) -> str:
    """Return the path of the link with which the person chooses a password: an invitation until they have one."""
    if person.state != "active":
        raise ShopError(
            _("%(email)s is deactivated. No link was made; let the person in again first.", email=person.email)
        )
    return links.make(person, links.Purpose.RESET if person.password_hash else links.Purpose.INVITATION)


def rename(person: Person, name: str) -> bool:
    """Change how pages call a person; return whether anything was changed."""
    name = " ".join(name.split())[:LONGEST_NAME] or name_from(person.email)
    if name == person.name:
        return False
    record(Action.STAFF_RENAMED, person.email, before=person.name, after=name)
    person.name = name
    return True


def give_role(person: Person, role: Role, keep: str | None = None) -> bool:
    """Change what a person is here, and end their sessions but the one to keep. Raises LastOwner."""
    if role == person.role:
        return False
    if person.role == Role.OWNER:
        refuse_for_last_owner(person, _("Nothing was changed"))
    before, person.role = person.role, role.value
    ended = end_sessions(person, but=keep)
    record(Action.STAFF_ROLE_SET, person.email, before=before, after=role.value, sessions_ended=ended)
    return True


def give_shops(person: Person, slugs: Sequence[str], keep: str | None = None) -> bool:
    """Give a person exactly these shops, and end their sessions but the one to keep if these are others than before."""
    shops = [known_shop(slug) for slug in dict.fromkeys(slugs)]
    before, after = [shop.slug for shop in shops_given_to(person)], [shop.slug for shop in shops]
    if set(before) == set(after):
        return False
    give(person, shops)
    ended = end_sessions(person, but=keep)
    record(Action.STAFF_SHOPS_SET, person.email, before=before, after=after, sessions_ended=ended)
    return True


def show_personal(person: Person, wanted: bool | None) -> bool:
    """Let a person see customers' personal data, or mask them; None leaves it. It holds from their next page on."""
    if wanted is None or wanted == person.sees_personal:
        return False
    record(Action.STAFF_PERSONAL_SET, person.email, before=person.sees_personal, after=wanted)
    person.sees_personal = wanted
    return True


def set_password(email: str, password: str) -> Person:
    """Change the password, and end every session and every link that was there before it."""
    person = known_person(email)
    change_password(person, password)
    return person


def change_own_password(person: Person, old: str, password: str, keep: str) -> None:
    """Change a person's own password; they stay signed in here alone. Raises ShopError where the old one is not right."""
    if not is_password(person.password_hash, old):
        raise ShopError(_("The present password is not right. Nothing was changed."))
    change_password(person, password, keep)


def change_password(person: Person, password: str, keep: str | None = None) -> None:
    weak = weakness(password, person.email)
    if weak:
        raise ShopError(_("%(weak)s The old password was kept.", weak=weak))
    person.password_hash = password_hash(password)
    links.end(person)
    record(Action.STAFF_PASSWORD_SET, person.email, sessions_ended=end_sessions(person, but=keep))


def make_token(email: str) -> str:
    """Return a new token for the command line, which exists nowhere else; the one before it stops working."""
    person = known_person(email)
    if person.state != "active":
        raise ShopError(
            _("%(email)s is deactivated. No token was made; add the person again first.", email=person.email)
        )
    tokens.revoke_named(person, tokens.OF_COMMAND_LINE)
    return tokens.make(person, tokens.OF_COMMAND_LINE, days=tokens.DAYS[-1])


def deactivate(person: Person) -> None:
    """End a person's access at once. What they did stays in the trail under their name. Raises LastOwner."""
    if person.state != "active":
        raise Conflict(_("%(email)s is already deactivated. Nothing was changed.", email=person.email))
    if person.role == Role.OWNER:
        refuse_for_last_owner(person, _("Nobody was deactivated"))
    person.state = "inactive"
    links.end(person)
    revoked = tokens.revoke_all(person)
    record(Action.STAFF_DEACTIVATED, person.email, sessions_ended=end_sessions(person), tokens_revoked=revoked)


def reactivate(person: Person) -> None:
    """Let somebody in again, with the role and the shops they had; the old password is gone."""
    if person.state == "active":
        raise Conflict(_("%(email)s is not deactivated. Nothing was changed.", email=person.email))
    person.state, person.password_hash = "active", None
    record(Action.STAFF_REACTIVATED, person.email, role=person.role)


def sign_out_everywhere(person: Person, but: str | None = None) -> int:
    """End a person's sessions but the one to keep, and return how many there were."""
    ended = end_sessions(person, but=but)
    record(Action.STAFF_SESSIONS_ENDED, person.email, sessions_ended=ended)
    return ended


def refuse_for_last_owner(person: Person, kept: str) -> None:
    if not has_other_owners(person):
        raise LastOwner(
            _(
                "%(email)s is the last owner. %(kept)s; add another owner first, who has signed in, or nobody could manage the staff.",
                email=person.email,
                kept=kept,
            )
        )


def known_person(email: str) -> Person:
    person = person_by_email(email)
    if person is None:
        raise NoSuchPerson(
            _("Nobody here has the e-mail %(email)s. `flask staff list` shows who there is.", email=email)
        )
    return person


def known_shop(slug: str) -> Shop:
    shop = shop_by_slug(slug)
    if shop is None:
        raise ShopError(
            _("There is no shop %(slug)s. Nothing was changed; `flask shops list` shows which there are.", slug=slug)
        )
    return shop


def give(person: Person, shops: list[Shop]) -> None:
    person.shops = [PersonShop(shop_id=shop.id) for shop in shops]


def name_from(email: str) -> str:
    """Return Olga Nova for olga.nova@example.com."""
    return " ".join(word.capitalize() for word in re.split(r"[._+-]+", email.partition("@")[0]) if word)
