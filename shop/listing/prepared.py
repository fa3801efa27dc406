"""Statements of lists, put together and compiled once for a question; where a page begins are their parameters."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam
from sqlalchemy.orm import Session

from shop.listing.listing import Listing
from shop.listing.scopes import Scope
from shop.listing.sorts import Column

MOST = 512  # questions; beyond it all are put together anew
PREPARED: dict[Hashable, tuple[str, Mapping[str, Any]]] = {}  # by question: the text, and the values that do not change


def place_key(of: Column) -> BindParameter[Any]:
    """Return the key of the row at which the page begins."""
    return bindparam("place_key", None, of.type)


def place_tie(of: Column) -> BindParameter[Any]:
    return bindparam("place_tie", None, of.type)


def asked(
    session: Session, question: Hashable, build: Callable[[], Select[Any] | None], listing: Listing
) -> Sequence[Any]:
    """Return the rows of a statement; none where there is nothing to ask. Values are those of the driver's own types.

    The question names everything that the statement is made of but the key and the tie of the listing's place; None where
    that cannot be named.
    """
    prepared = PREPARED.get(question) if question else None
    if prepared is None:
        statement = build()
        if statement is None:
            return []
        compiled = statement.compile(session.connection(), compile_kwargs={"render_postcompile": True})
        prepared = str(compiled), dict(compiled.params)
        if question:
            if len(PREPARED) >= MOST:
                PREPARED.clear()
            PREPARED[question] = prepared
    text, values = prepared
    place = listing.position.after or listing.position.before
    own = {"place_key": place.key, "place_tie": place.tie} if place else {}
    return session.connection().exec_driver_sql(text, {**values, **own}).all()


def question(kind: str, listing: Listing, scopes: Sequence[Scope], *more: Hashable) -> Hashable:
    """Return what a statement is made of: the list, its filters and order, the kind of place, the shops and their parts.

    None where a scope has conditions of which nobody says what they are made of: its statement is put together each time.
    """
    if any(scope.made_of is None for scope in scopes):
        return None
    place = listing.position.after or listing.position.before
    return (
        kind,
        listing.spec,
        listing.values,
        listing.order,
        listing.position.at,
        listing.position.backwards,
        (place.segment, place.shop_id, place.key is None) if place else None,
        *((scope.shop_ids, scope.zone.key, scope.made_of, parts_of(scope)) for scope in scopes),
        *more,
    )


def parts_of(scope: Scope) -> Hashable:
    return None if scope.parts is None else tuple(scope.pairs(scope.shop_ids))
