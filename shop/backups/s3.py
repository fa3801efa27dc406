"""Calls to an S3-compatible store: signed, with patience for each phase, tried again where that can help."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import httpx

from shop import stopping
from shop.backup_settings import Bucket
from shop.backups.signing import Signer, address
from shop.backups.streams import BLOCK
from shop.errors import ShopError
from shop.languages import N_
from shop.languages import gettext as _

CONNECT, SILENT = 10.0, 60.0  # seconds to be let in, and between two signs of life
TRIES = 3
RESTS = (0.5, 2.0)  # seconds before another try
PASSING = (429, 500, 502, 503, 504)
NOTHING = hashlib.sha256(b"").hexdigest()
FULL = ("QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "StorageLimitExceeded", "EntityTooLarge")
KEY_REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccountProblem", "AllAccessDisabled")
NO_HEADERS: Mapping[str, str] = {}
Body = bytes | memoryview


class S3Failure(ShopError):
    """A store did not do what it was asked; the sentence says so without its name, for who calls puts that before it."""

    def __init__(self, words: str, code: str = "") -> None:
        super().__init__(words)
        self.code = code


class S3:
    """The calls that copies need, over one bucket. Keys are paths in it, letters, digits and _ . - between slashes."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.signer = Signer(bucket.key, bucket.secret, bucket.region)
        self.client = httpx.Client(
            timeout=httpx.Timeout(SILENT, connect=CONNECT, pool=CONNECT),
            verify=httpx.create_ssl_context(),  # SSL_CERT_FILE may name the authority of a store of one's own
            headers={"user-agent": "pult", "accept-encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        self.client.close()

    def put(self, key: str, body: Body) -> None:
        self.call("PUT", key, body=body)

    def delete(self, key: str) -> None:
        self.call("DELETE", key)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`."""
        asked = {"list-type": "2", "prefix": prefix}
        while True:
            page = parsed(self.call("GET", query=asked))
            yield from (found.text or "" for found in page.iterfind("{*}Contents/{*}Key"))
            token = page.findtext("{*}NextContinuationToken")
            if not token:
                return
            asked["continuation-token"] = token

    def begin_upload(self, key: str) -> str:
        """Begin an object in parts; returns the id of the upload. Nobody sees it before it is completed."""
        found = parsed(self.call("POST", key, {"uploads": ""})).findtext("{*}UploadId")
        if not found:
            raise S3Failure(
                N_("answered without an upload’s id, so it is no S3-compatible store, or speaks another dialect")
            )
        return found

    def put_part(self, key: str, upload: str, number: int, body: Body) -> str:
        """Send a part, counted from 1, which must stay as it is until then; returns its tag."""
        answer = self.call("PUT", key, {"partNumber": str(number), "uploadId": upload}, body)
        return str(answer.headers.get("etag", ""))

    def complete_upload(self, key: str, upload: str, tags: list[str]) -> None:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in enumerate(tags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        answer = self.call("POST", key, {"uploadId": upload}, body)
        if "<Error>" in answer.text:  # begun as a success, to keep the connection, and failed after that
            raise failure(answer)

    def abort_upload(self, key: str, upload: str) -> None:
        try:
            self.call("DELETE", key, {"uploadId": upload})
        except S3Failure as error:
            if error.code != "NoSuchUpload":  # what is gone is as it shall be
                raise

    def uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield key and id of the uploads that were begun under `prefix`, and neither completed nor ended."""
        asked = {"uploads": "", "prefix": prefix}
        while True:
            page = parsed(self.call("GET", query=asked))
            for found in page.iterfind("{*}Upload"):
                yield found.findtext("{*}Key") or "", found.findtext("{*}UploadId") or ""
            if page.findtext("{*}IsTruncated") != "true":
                return
            asked["key-marker"] = page.findtext("{*}NextKeyMarker") or ""
            asked["upload-id-marker"] = page.findtext("{*}NextUploadIdMarker") or ""

    @contextmanager
    def blocks(self, key: str) -> Iterator[Iterator[bytes]]:
        """Yield the bytes of an object as they come. A body that breaks off raises `S3Failure`."""
        request = self.request("GET", key)
        with transported():
            answer = self.client.send(request, stream=True)
            try:
                if not answer.is_success:
                    answer.read()
                    raise failure(answer)
                yield answer.iter_raw(BLOCK)
            finally:
                answer.close()

    def call(
        self, method: str, key: str = "", query: Mapping[str, str] = NO_HEADERS, body: Body = b""
    ) -> httpx.Response:
        """Carry a call out; raises `S3Failure`. What a passing fault has refused is tried again."""
        for rest in (*RESTS, None):
            stopping.check()
            try:
                with transported():
                    answer = self.client.send(self.request(method, key, query, body))
                if answer.is_success:
                    return answer
                failed = failure(answer)
                passing = answer.status_code in PASSING
            except S3Failure as error:
                failed, passing = error, True
            if rest is None or not passing:
                raise failed
            time.sleep(rest)
        raise AssertionError("unreachable")

    def request(self, method: str, key: str, query: Mapping[str, str] = NO_HEADERS, body: Body = b"") -> httpx.Request:
        url = address(self.bucket.endpoint, f"/{self.bucket.name}" + (f"/{key}" if key else ""), query)
        summed = hashlib.sha256(body).hexdigest() if body else NOTHING
        headers = self.signer.headers(method, url, summed, datetime.now(UTC), {})
        if not body:
            return self.client.build_request(method, url, headers=headers)
        sized = headers | {"content-length": str(len(body))}
        return self.client.build_request(method, url, content=in_blocks(body), headers=sized)


def in_blocks(body: Body) -> Iterator[bytes]:
    """Yield a body piece by piece. A request that had it whole would keep it: it and its answer refer to one another."""
    view = memoryview(body)
    for at in range(0, len(view), BLOCK):
        yield bytes(view[at : at + BLOCK])


@contextmanager
def transported() -> Iterator[None]:
    """Say in words what went wrong on the way."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise S3Failure(N_("does not let anybody in: its address did not answer in time")) from error
    except httpx.TimeoutException as error:
        raise S3Failure(N_("fell silent in the midst of it")) from error
    except httpx.ConnectError as error:
        raise S3Failure(_("cannot be reached (%(error)s)", error=error)) from error
    except httpx.HTTPError as error:
        raise S3Failure(N_("broke off in the midst of it")) from error


def failure(answer: httpx.Response) -> S3Failure:
    """Return what a refusal means, in words that name neither key nor secret."""
    found = parsed(answer) if answer.content.lstrip().startswith(b"<") else None
    code = (found.findtext("{*}Code") or found.findtext("Code") or "") if found is not None else ""
    if code in FULL or answer.status_code == 507:
        return S3Failure(N_("is full"), code)
    if code == "NoSuchBucket":
        return S3Failure(N_("has no such bucket; make it there, or correct the address"), code)
    if code == "RequestTimeTooSkewed":
        return S3Failure(N_("says that the clock of this machine is wrong; let it take its time from NTP"), code)
    if code in KEY_REFUSED or answer.status_code in (401, 403):
        return S3Failure(
            _(
                "refuses the key (%(code)s); see that it may list, read, write and delete there",
                code=code or answer.status_code,
            ),
            code,
        )
    return S3Failure(
        _("answered %(code)s (%(status)s)", code=code or N_("with an error"), status=answer.status_code), code
    )


def parsed(answer: httpx.Response) -> ET.Element:
    try:
        return ET.fromstring(answer.content)  # noqa: S314 - expat itself stops what expands without end
    except ET.ParseError as error:
        raise S3Failure(N_("answered with what is no XML, so it is no S3-compatible store")) from error
