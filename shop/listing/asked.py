"""The listing that the request asks for, and the address of this installation that answers it."""

from collections.abc import Callable
from urllib.parse import parse_qs

from flask import current_app, redirect, request
from werkzeug.wrappers import Response

from shop.listing.listing import LIST_PARAMETER, Listing, Spec
from shop.listing.reading import is_plain, read


def asked(spec: Spec) -> Listing:
    """Return the listing that the request's query asks for. Raises BadListing."""
    return read(spec, request.args.to_dict(flat=False), secret(), usual_size())


def opened_from(spec: Spec) -> Listing:
    """Return the list in which a record is looked at: the one it was opened from, or the usual one."""
    query = request.args.get(LIST_PARAMETER, "")
    return read(spec, parse_qs(query, keep_blank_values=True, max_num_fields=50), secret(), usual_size())


def tidied(listing: Listing) -> Response | None:
    """Return a redirect to the address as we write it, when a form sent empty fields or a value in parts."""
    if is_plain(listing.spec, request.args.to_dict(flat=False)):
        return None
    return redirect(listing.address(secret()), 302)


def usual_size() -> int:
    """Return how many rows a page has whose address does not say it. Whoever knows that is named by the factory."""
    known: Callable[[], int] = current_app.extensions["usual_size"]
    return known()


def secret() -> str:
    return str(current_app.config["SECRET_KEY"])


def root() -> str:
    """Return the public address of this installation, without a slash at the end."""
    return str(current_app.extensions["pult"].base_url or request.host_url).rstrip("/")
