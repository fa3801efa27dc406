"""A small application that shows every component inside the real layouts, with values made up here and no database."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from flask import Flask, flash, redirect, render_template, request, session
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Response

from shop import assets, formatting, fragments, languages
from shop.charts.bars import Stack, bars
from shop.charts.line import Flag, Point, line
from shop.charts.shares import share_bar, sparkline, stacked_bar
from shop.formatting import day_short, money
from shop.frame import Frame, Person, ShopChoice
from shop.headers import HEADERS
from shop.staff.permissions import Permission

ROOT = Path(__file__).parents[2]
PAGES = Path(__file__).with_name("pages")
NOW = datetime(2026, 3, 19, 13, 32, tzinfo=UTC)
OLGA = Person("Olga Marková", "olga@lnena-dilna.example", "OM", "owner", frozenset(p.value for p in Permission))
SHOPS = tuple(
    ShopChoice(slug, name, number)
    for number, (slug, name) in enumerate(
        [("lnena-dilna", "Lněná dílna"), ("kolo-a-kopec", "Kolo & Kopec"), ("nordlicht-wolle", "Nordlicht Wolle")], 1
    )
)
NAMES = ("Anna Doležalová", "Wolfgang Ambros-Steiner z Dolních Kounic", "Zuzana Kováčová")
STATUSES = (("Nevyřízená", "new"), ("Vyřizuje se", "open"), ("Vyřízena", "done"), ("Vráceno zákazníkem", "returned"))
CURRENCIES = ("CZK", "EUR", "HUF", "RON")
ADDRESSES = ("/", "/orders/", "/order", "/snapshots/", "/sign-in?alone=1", "/error/404", "/error/500?alone=1")


def specimens() -> Flask:
    """Build the application. `?alone=1` shows a page to nobody in particular, `?shop=…` chooses a shop."""
    app = Flask("shop", root_path=str(ROOT / "shop"))
    app.config.update(SECRET_KEY="only for specimens", TESTING=True)
    app.jinja_loader = ChoiceLoader([FileSystemLoader(ROOT / "templates"), FileSystemLoader(PAGES)])
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for part in (languages, formatting, fragments, assets):
        part.register(app)
    CSRFProtect(app)
    app.context_processor(lambda: {"frame": frame()})
    app.after_request(guarded)
    for address, view in {
        "/": overview,
        "/orders/": orders,
        "/order": order,
        "/sign-in": sign_in,
        "/progress": progress,
    }.items():
        app.add_url_rule(address, view.__name__, view)
    app.add_url_rule("/snapshots/", "snapshots", snapshots, methods=["GET", "POST"])
    app.add_url_rule("/error/<int:code>", "failure", failure)
    return app


def frame() -> Frame:
    person = None if request.args.get("alone") else OLGA
    theme = request.cookies.get("theme", "system")
    return Frame(
        "0.1.0",
        request.path,
        NOW,
        person,
        SHOPS,
        request.args.get("shop"),
        theme,
        timings=lambda: "61 ms on the server",
    )


def guarded(response: Response) -> Response:
    """Send the headers of the real application: a browser then complains about whatever they stop."""
    response.headers.extend(HEADERS)
    return response


def days() -> Iterator[tuple[str, Decimal | None, Decimal]]:
    for i in range(28):
        sold = Decimal(600_000 + 90_000 * (i * i % 5))
        yield day_short(date(2026, 2, 20) + timedelta(days=i)), None if i in (8, 9) else sold, sold * Decimal("0.9")


def overview() -> str:
    points = [Point(label, value, compared) for label, value, compared in days()]
    net = [Stack(point.label, [(point.value or 0) - 700_000]) for point in points]
    return render_template(
        "overview.html",
        shops=SHOPS,
        sales=line(points, name="Net sales by day", unit="Kč", running=True, flags=[Flag(14, "A")]),
        rows=[[p.label, money(p.value, "CZK", 0), money(p.compared, "CZK", 0)] for p in points],
        net=bars(net, name="Against the plan", series=["net"], classes=["s1"], unit="Kč"),
        net_rows=[[stack.label, money(stack.parts[0], "CZK", 0)] for stack in net],
        statuses=stacked_bar([("Done", 9193, "s1"), ("Open", 2365, "t2"), ("Cancelled", 1081, "s0")], name="Statuses"),
        share=share_bar(Decimal("0.62")),
        spark=sparkline([point.value for point in points], name="Net sales a day"),
    )


def orders() -> str:
    """As many made-up orders as `?rows=` asks for."""
    rows = [
        {
            "code": f"{2026004127 - i}",
            "name": NAMES[i % len(NAMES)],
            "shop": SHOPS[i % len(SHOPS)],
            "total": Decimal(123_456_78 * (i + 1) % 900_000_00) / 100,
            "currency": CURRENCIES[i % len(CURRENCIES)],
            "paid": (True, False, None)[i % 3],
            "status": STATUSES[i % len(STATUSES)],
            "placed_at": NOW - timedelta(minutes=17 * i * i),
        }
        for i in range(int(request.args.get("rows", "25")))
    ]
    return render_template("orders.html", rows=rows, query=request.args.get("q", ""))


def order() -> str:
    return render_template("order.html")


def snapshots() -> str | Response:
    if request.method == "POST":
        flash("Snapshot 12 is queued.")
        return redirect("/snapshots/")
    return render_template("snapshots.html", reading=session.get("reading", 0), polling=request.args.get("polling"))


def progress() -> str:
    """The third fragment that a visitor reads is the last one."""
    session["reading"] = min(3, session.get("reading", 0) + 1)
    return render_template("_progress.html", reading=session["reading"])


def sign_in() -> str:
    told = "That e-mail and password do not belong together."
    return render_template("staff/sign-in.html", error=told, email="olga@shop.example", next="/", first_run=False)


def failure(code: int) -> tuple[str, int]:
    words = {"title": "Nothing is here", "message": "The address is wrong.", "advice": "Go back to the list."}
    return render_template(f"errors/{code}.html", code=code, reference="8f31c20e4471", **words), code
