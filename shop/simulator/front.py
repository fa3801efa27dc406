"""From a request to an answer: what strikes first, who may come in, how much it costs, and which endpoint answers."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from email.message import Message
from itertools import count
from urllib.parse import parse_qsl

from shop.simulator import controls
from shop.simulator.answers import Answer, Refusal, bare, envelope, page, refused
from shop.simulator.calls import Call
from shop.simulator.counts import Counts
from shop.simulator.endpoints import endpoint_for, pattern_of
from shop.simulator.faults import FaultName, Faults
from shop.simulator.jobs import another_host
from shop.simulator.limits import CONNECTIONS, http_date
from shop.simulator.online import OnlineShop, Surroundings
from shop.simulator.queries import Query
from shop.simulator.results import result
from shop.simulator.strikes import struck
from shop.simulator.tokens import TokenRefused

PRIVATE, ADDON = "Shoptet-Private-API-Token", "Shoptet-Access-Token"
TOKEN_PATH = "/action/ApiOAuthServer/getAccessToken"  # noqa: S105 - a path
RESULTS = "/api-results/"
CONTENT_TYPES = ("application/json", "application/vnd.shoptet.v1.0")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    headers: Message
    body: bytes


class Front:
    """Stands before the shops of one simulator; a shop is known by its token alone."""

    def __init__(self, around: Surroundings, shops: list[OnlineShop]) -> None:
        self.around, self.shops = around, shops
        self.numbers = count(1)
        self.held: Counter[str] = Counter()  # connections by token

    @property
    def counts(self) -> Counts:
        return self.around.counts

    @property
    def faults(self) -> Faults:
        return self.around.faults

    def answer(self, request: Request, send: Callable[[Answer], None]) -> None:
        """Make the answer and send it."""
        if request.path.startswith("/simulator/") and "Origin" in request.headers:
            send(bare(403, {"error": "Pages in a browser may not use the controls."}))
        elif request.path.startswith("/simulator/"):
            send(controls.answer(self.around, request.method, request.path, request.body))
        elif request.path.startswith(RESULTS):
            send(self.download(request))
        elif request.path == TOKEN_PATH:
            self.counts.add("requests", TOKEN_PATH)
            send(self.token(request))
        elif request.path.startswith("/api/"):
            self.call(request, send)
        else:
            send(page_not_here())

    def token(self, request: Request) -> Answer:
        """Give an access token for the addon's OAuth token; errors come outside the envelope."""
        oauth = request.headers.get("Authorization", "").removeprefix("Bearer ")
        shop = next((shop for shop in self.shops if shop.oauth_token == oauth), None)
        if self.faults.take(FaultName.ADDON_SUSPENDED, TOKEN_PATH, shop.slug if shop else None):
            return bare(403, {"error": "addon_suspended"})
        if shop is None:
            return bare(401, {"error": "invalid_token"})
        try:
            token = shop.tokens.renew(oauth)
        except TokenRefused as refusal:
            return bare(refusal.status, {"error": refusal.error})
        self.counts.add("token_refreshes")
        return bare(200, {"access_token": token, "expires_in": 1800})

    def download(self, request: Request) -> Answer:
        """Give a result file to whoever knows its name; a token is neither needed nor wanted here."""
        name = request.path.removeprefix(RESULTS)
        self.counts.add("requests", f"{RESULTS}{{name}}")
        if PRIVATE in request.headers or ADDON in request.headers:
            self.counts.add("downloads_with_token")
        for shop in self.shops:
            if (path := shop.jobs.result(name)) is not None:
                if broken := struck(self.around, request.path, shop.slug, next(self.numbers)):
                    return broken
                host = request.headers.get("Host", "")
                if not host.startswith("localhost") and self.redirects(request.path, shop.slug):
                    return Answer(302, headers={"Location": another_host(self.around.base_url) + request.path})
                self.counts.add("downloads")
                return replace(
                    result(path, request.headers.get("Range"), request.headers.get("If-Range")), slug=shop.slug
                )
        return page_not_here()

    def redirects(self, path: str, slug: str) -> bool:
        return self.faults.take(FaultName.RESULT_REDIRECTED, path, slug) is not None

    def call(self, request: Request, send: Callable[[Answer], None]) -> None:
        """Answer with a token's connection in use until the last bytes go out: whoever has read them may ask again at once."""
        self.counts.add("requests", pattern_of(request.path))
        kind, header = ("private", PRIVATE) if PRIVATE in request.headers else ("addon", ADDON)
        token = request.headers.get(header, "")
        shop = next((shop for shop in self.shops if shop.tokens.knows(token)), None)
        number = next(self.numbers)
        with ExitStack() as held:
            connections = held.enter_context(self.counts.connection(self.held, token))
            if shop is None:
                answer = self.struck_or_stranger(request, token, number)
            elif connections > CONNECTIONS:
                self.counts.add("connection_overflows")
                answer = page(429)
            else:
                answer = self.admitted(request, shop, kind, token, number)
            send(replace(answer, before_end=held.close))

    def struck_or_stranger(self, request: Request, token: str, number: int) -> Answer:
        code, message = (
            ("invalid-token", "Invalid access token.") if token else ("missing-access-token", "Missing access token.")
        )
        self.counts.add("refused", code)
        return struck(self.around, request.path, None, number) or refused(
            Refusal(401, code, message, "api-token"), number
        )

    def admitted(self, request: Request, shop: OnlineShop, kind: str, token: str, number: int) -> Answer:
        """Answer a client whose token is known; every answer tells how full its bucket is."""
        bucket = shop.buckets[kind]
        answer = struck(self.around, request.path, shop.slug, number)
        if answer is None and bucket.is_full():
            self.counts.add("bucket_overflows")
            refusal = Refusal(429, "rate-limit-exceeded", "Rate limit exceeded.", "rate-limit")
            answer = refused(refusal, number)
            answer.headers["Retry-After"] = bucket.free_again()
        if answer is None:
            try:
                shop.tokens.check(token)
                answer, cost = self.answered(request, shop, number)
            except Refusal as refusal:
                self.counts.add("refused", refusal.code)
                answer, cost = refused(refusal, number), 1.0
            bucket.add(cost)
        answer.headers["X-RateLimit-Bucket-Filling"] = bucket.filling()
        return replace(answer, slug=shop.slug)

    def answered(self, request: Request, shop: OnlineShop, number: int) -> tuple[Answer, float]:
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() not in CONTENT_TYPES:
            raise Refusal(
                400, "invalid-content-type", "Header Content-Type: application/json is required.", "Content-Type"
            )
        endpoint, parts = endpoint_for(request.method, request.path)
        pairs = parse_qsl(request.query, keep_blank_values=True)
        call = Call(shop, request.path, Query(dict(pairs)), request.body, parts)
        endpoint.check(call)
        reply = endpoint.answer(call)
        return envelope(reply.data, number, reply.errors, reply.status), reply.cost

    def date(self) -> str:
        return http_date(self.around.clock.now())


def page_not_here() -> Answer:
    return Answer(404, b"<html><head><title>404 Not Found</title></head></html>\r\n", "text/html")
