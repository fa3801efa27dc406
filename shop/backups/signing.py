"""The signature that S3-compatible stores ask for, version 4: over method, address, time and the checksum of the body."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
SAFE = "-_.~"  # what is written as it is, beside letters and digits


@dataclass(frozen=True)
class Signer:
    """A key with its secret, for one region."""

    key: str
    secret: str = field(repr=False)
    region: str
    service: str = "s3"

    def headers(self, method: str, url: str, body_sha256: str, at: datetime, more: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of a signed request. `url` is written as `address` writes it; `at` is in UTC."""
        parts = urlsplit(url)
        moment = f"{at:%Y%m%dT%H%M%SZ}"
        headers = {name.lower(): value for name, value in more.items()} | {
            "host": parts.netloc, "x-amz-content-sha256": body_sha256, "x-amz-date": moment,
        }  # fmt: skip
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
        asked = "\n".join((method, parts.path or "/", parts.query, lines, names, body_sha256))
        scope = f"{at:%Y%m%d}/{self.region}/{self.service}/aws4_request"
        to_sign = "\n".join((ALGORITHM, moment, scope, hashlib.sha256(asked.encode()).hexdigest()))
        signature = hmac.new(self.signing_key(at), to_sign.encode(), hashlib.sha256).hexdigest()
        credential = f"{ALGORITHM} Credential={self.key}/{scope}, SignedHeaders={names}, Signature={signature}"
        return headers | {"authorization": credential}

    def signing_key(self, at: datetime) -> bytes:
        made = f"AWS4{self.secret}".encode()
        for word in (f"{at:%Y%m%d}", self.region, self.service, "aws4_request"):
            made = hmac.new(made, word.encode(), hashlib.sha256).digest()
        return made


def address(endpoint: str, path: str, query: Mapping[str, str]) -> str:
    """Return the address of a path, its query in the order in which it is signed."""
    asked = "&".join(f"{quote(name, safe=SAFE)}={quote(value, safe=SAFE)}" for name, value in sorted(query.items()))
    return f"{endpoint}{quote(path, safe=SAFE + '/')}" + (f"?{asked}" if asked else "")
