"""A small S3-compatible store over real HTTP, which checks signatures by itself and fails as it is told."""

import contextlib
import hashlib
import hmac
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

KEY, SECRET, REGION, BUCKET = "AKIDPULT", "a secret of the tests / with+signs", "eu-test-1", "copies"
SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8}/[^/]+/s3/aws4_request), ?SignedHeaders=([^,]+), ?Signature=(\w{64})"
)


@dataclass
class Fault:
    """What strikes calls of a method whose path and query hold a word: `times` of them, after `after` that pass."""

    kind: str  # error, refuse, full, cut, stall, corrupt, lose
    method: str = "PUT"
    word: str = ""
    after: int = 0
    times: int = 10**6


@dataclass
class Store:
    """What lies there: whole objects, and the parts of uploads that nobody has completed."""

    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, tuple[str, dict[int, bytes]]] = field(default_factory=dict)
    fault: Fault | None = None
    calls: list[str] = field(default_factory=list)
    released: Event = field(default_factory=Event)
    endpoint: str = ""

    def struck(self, method: str, path: str) -> str:
        fault = self.fault
        if fault is None or fault.method != method or fault.word not in path:
            return ""
        if fault.after > 0:
            fault.after -= 1
            return ""
        fault.times -= 1
        return fault.kind if fault.times >= 0 else ""


@contextmanager
def bucket() -> Iterator[Store]:
    """Serve an empty bucket on loopback for the length of the block."""
    store = Store()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"store": store}))
    server.daemon_threads = True
    store.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection, kept for more calls."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    store: Store

    def respond(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        self.key = path.removeprefix(f"/{BUCKET}").lstrip("/")
        self.store.calls.append(f"{self.command} {self.path}")
        kind = self.store.struck(self.command, self.path)
        length = int(self.headers.get("Content-Length", "0"))
        if kind == "cut" and self.command == "PUT":
            self.rfile.read(length // 2)
            self.hang_up()
            return
        body = self.rfile.read(length)
        if kind == "stall":
            self.store.released.wait(30)
            self.hang_up()
        elif kind == "error":
            self.refuse(500, "InternalError")
        elif kind == "full":
            self.refuse(507, "XMinioStorageFull")
        elif kind == "refuse" or self.is_forged(body):
            self.refuse(403, "SignatureDoesNotMatch")
        elif path.split("/")[1] != BUCKET:
            self.refuse(404, "NoSuchBucket")
        else:
            getattr(self, f"on_{self.command.lower()}")(body, kind)

    do_GET = do_PUT = do_POST = do_DELETE = respond  # noqa: N815 - http.server asks for these names

    def is_forged(self, body: bytes) -> bool:
        """Compute the signature anew, from what came, and compare."""
        found = SIGNED.fullmatch(self.headers.get("Authorization", ""))
        if not found or found[1] != KEY or found[2].split("/")[1] != REGION:
            return True
        if self.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return True
        named = found[3].split(";")
        parts = urlsplit(self.path)
        asked = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in self.query.items())
        lines = [
            self.command, quote(unquote(parts.path), safe="/-_.~"), "&".join(f"{name}={value}" for name, value in asked),
            *(f"{name}:{self.headers[name].strip()}" for name in named), "", found[3], self.headers["x-amz-content-sha256"],
        ]  # fmt: skip
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        key = b"AWS4" + SECRET.encode()
        for word in found[2].split("/"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        to_sign = "\n".join(("AWS4-HMAC-SHA256", self.headers["x-amz-date"], found[2], digest))
        return not hmac.compare_digest(hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest(), found[4])

    def on_put(self, body: bytes, kind: str) -> None:
        if kind == "corrupt":
            body = flipped(body)
        if "uploadId" in self.query:
            if self.query["uploadId"] not in self.store.uploads:
                self.refuse(404, "NoSuchUpload")
                return
            self.store.uploads[self.query["uploadId"]][1][int(self.query["partNumber"])] = body
        elif kind != "lose":
            self.store.objects[self.key] = body
        self.answer(200, b"", {"ETag": f'"{hashlib.md5(body).hexdigest()}"'})

    def on_post(self, body: bytes, _kind: str) -> None:
        if "uploads" in self.query:
            upload = f"upload-{len(self.store.calls)}"
            self.store.uploads[upload] = (self.key, {})
            self.xml(f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>")
            return
        key, parts = self.store.uploads.pop(self.query["uploadId"])
        named = [int(number) for number in re.findall(r"<PartNumber>(\d+)</PartNumber>", body.decode())]
        if named != sorted(parts) or any(
            f'"{hashlib.md5(parts[one]).hexdigest()}"' not in body.decode() for one in named
        ):
            self.xml("<Error><Code>InvalidPart</Code></Error>")  # as the real one does: a success that is none
            return
        self.store.objects[key] = b"".join(parts[number] for number in named)
        self.xml("<CompleteMultipartUploadResult/>")

    def on_get(self, _body: bytes, kind: str) -> None:
        if not self.key:
            self.on_list()
        elif self.key not in self.store.objects:
            self.refuse(404, "NoSuchKey")
        else:
            content = self.store.objects[self.key]
            self.answer(200, flipped(content) if kind == "corrupt" else content, cut=kind == "cut")

    def on_list(self) -> None:
        prefix = self.query.get("prefix", "")
        if "uploads" in self.query:
            found = "".join(
                f"<Upload><Key>{escape(key)}</Key><UploadId>{upload}</UploadId></Upload>"
                for upload, (key, _parts) in self.store.uploads.items() if key.startswith(prefix)
            )  # fmt: skip
            self.xml(
                f"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{found}</ListMultipartUploadsResult>"
            )
            return
        keys = sorted(key for key in self.store.objects if key.startswith(prefix))
        at = int(self.query.get("continuation-token", "0").strip("+/= "))
        more = f"<NextContinuationToken>+/{at + 2}=</NextContinuationToken>" if len(keys) > at + 2 else ""
        found = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys[at : at + 2])
        self.xml(f"<ListBucketResult>{found}{more}</ListBucketResult>")

    def on_delete(self, _body: bytes, _kind: str) -> None:
        if "uploadId" in self.query:
            if self.store.uploads.pop(self.query["uploadId"], None) is None:
                self.refuse(404, "NoSuchUpload")
                return
        else:
            self.store.objects.pop(self.key, None)
        self.answer(204, b"")

    def xml(self, inner: str) -> None:
        root = re.sub(r"^<(\w+)", r'<\1 xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', inner)
        self.answer(200, root.encode(), {"Content-Type": "application/xml"})

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, f"<Error><Code>{code}</Code></Error>".encode(), {"Content-Type": "application/xml"})

    def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None, *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.wfile.flush()
            self.hang_up()

    def hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: the calls are kept."""


def flipped(content: bytes) -> bytes:
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
