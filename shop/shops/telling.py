"""A shop and its check in words and plain values, for the command line; no secret is among them."""

from collections.abc import Iterator
from dataclasses import asdict

from shop.shops.checking import Report
from shop.shops.learning import Learned
from shop.shops.models import Shop


def as_values(shop: Shop) -> dict[str, object]:
    return {
        "slug": shop.slug,
        "name": shop.name,
        "platform": shop.platform,
        "base_url": shop.base_url,
        "currency": shop.currency,
        "timezone": shop.timezone,
        "state": shop.state,
        "has_token": shop.credentials is not None,
        "platform_shop_id": shop.platform_shop_id,
        "checked_at": shop.checked_at.isoformat() if shop.checked_at else None,
        "problem": {"code": shop.problem_code, "sentence": shop.problem} if shop.problem else None,
        "created_at": shop.created_at.isoformat(),
    }


def report_values(shop: Shop, report: Report) -> dict[str, object]:
    return {
        "slug": shop.slug,
        "ok": not report.failed,
        "steps": [asdict(step) for step in report.steps],
        "learned": report.learned,
    }


def learned_lines(learned: Learned) -> Iterator[str]:
    """Say what the platform told, a line each; what it did not tell is left out."""
    if not learned:
        return
    yield f"  {learned['name']}, number {learned['shop_id']}, {learned['url']}"
    parts = {
        "currencies": [one["code"] for one in learned["currencies"]],
        "language": [learned["language"] or ""],
        "statuses": [one["name"] for one in learned["statuses"]],
        "order sources": [one["name"] for one in learned["sources"] or ()],
        "rights": [f"{one['endpoint']} ({one['access']})" for one in learned["rights"] or ()],
    }
    for noun, words in parts.items():
        if any(words):
            yield f"  {noun}: {', '.join(words)}"
