"""Files come from the shop's hosts alone, from the very number that was checked, under a certificate of the name."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shop.platforms import failures
from shop.platforms.addresses import Gate, Pinned
from shop.platforms.downloads import Downloader, Received
from shop.platforms.exchanges import exchange
from shop.platforms.failures import Unreachable
from shop.platforms.remote import Access, ExportState, ExportStatus
from shop.platforms.shoptet.connection import ShoptetShop
from shop.platforms.tokens import MemoryTokens
from tests.platforms.scripted import TOKEN, Clock, Player, Say, Script, Stage, a_shop_at, eshop, good, real_timing
from tests.platforms.test_downloads import FILE, PATH

HOST = "www.tulip.example"


def a_certificate(folder: Path) -> Path:
    """Write a key and a certificate for the host, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
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


def test_a_result_on_another_host_is_not_fetched(script: Script, clock: Clock) -> None:
    elsewhere = ExportState("a", ExportStatus.COMPLETED, None, None, None, f"https://elsewhere.example{PATH}")
    script.expect("GET /api/eshop", good(eshop()))
    shop = a_shop_at(script, clock.timing())
    with (
        pytest.raises(failures.AddressRefused, match=r"lies on elsewhere\.example"),
        shop.download(elsewhere, Received()),
    ):
        pytest.fail("it was opened")


def test_a_real_shops_files_come_from_the_hosts_it_names(script: Script, clock: Clock) -> None:
    script.expect("GET /api/eshop", good(eshop()))
    identity = a_shop_at(script, clock.timing()).identity()
    shop = ShoptetShop(
        Access({"token": TOKEN}, MemoryTokens(clock.now)), clock.timing(), lambda _host, _port: ["93.184.216.34"]
    )
    script.shops.append(shop)
    shop.known = identity
    shop.files.close()
    shop.files = httpx.Client(transport=httpx.MockTransport(lambda _request: httpx.Response(200, content=iter([FILE]))))
    for host, opens in (("www.tulip.example", True), ("12345.myshoptet.com", True), ("rose.example", False)):
        state = ExportState("a", ExportStatus.COMPLETED, None, None, None, f"https://{host}{PATH}")
        if opens:
            with shop.download(state, Received()) as transfer:
                assert b"".join(transfer) == FILE
        else:
            with pytest.raises(failures.AddressRefused), shop.download(state, Received()):
                pytest.fail("it was opened")


def test_s9_the_pinned_number_is_called_under_the_hosts_own_name(script: Script, clock: Clock) -> None:
    gate = Gate(frozenset({"www.tulip.example"}), (), None, lambda _host, _port: ["93.184.216.34"])
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=FILE)

    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as client,
        Downloader(client, gate, clock.timing()).open(f"https://www.tulip.example{PATH}", Received()) as transfer,
    ):
        assert transfer.total == len(FILE)
    assert seen[0].url.host == "93.184.216.34"
    assert seen[0].headers["Host"] == "www.tulip.example"
    assert seen[0].extensions["sni_hostname"] == "www.tulip.example"
