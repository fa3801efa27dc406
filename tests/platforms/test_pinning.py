"""The number that was checked is called over TLS, and the certificate must still be that of the name."""

import datetime
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shop.platforms.addresses import Pinned
from shop.platforms.exchanges import exchange
from shop.platforms.failures import Unreachable
from tests.platforms.scripted import Player, Say, Script, Stage, real_timing

HOST = "www.tulip.example"


def a_certificate(folder: Path) -> Path:
    """Write a key and a certificate for the host, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "tulip.pem"
    path.write_bytes(private + made.public_bytes(encoding))
    return path


@contextmanager
def over_tls(script: Script, certificate: Path) -> Iterator[int]:
    server = Stage(("127.0.0.1", 0), type("Playing", (Player,), {"script": script}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def call(certificate: Path, port: int, host: str) -> bytes:
    pinned = Pinned(f"https://127.0.0.1:{port}/x", host, is_tls=True)
    trust = ssl.create_default_context(cafile=str(certificate))
    with httpx.Client(verify=trust, trust_env=False) as client:
        return exchange(client, real_timing(read=5.0), "GET", f"https://{host}/x", pinned=pinned).body


def test_the_name_is_what_the_certificate_must_be_for(tmp_path: Path) -> None:
    certificate, script = a_certificate(tmp_path), Script()
    script.expect("GET /x", Say(200, b"hello"))
    with over_tls(script, certificate) as port:
        assert call(certificate, port, HOST) == b"hello"
        with pytest.raises(Unreachable, match=r"another\.example could not be reached: its certificate"):
            call(certificate, port, "another.example")
    script.finish()
    assert script.asked[0].headers["Host"] == HOST
