"""Where files may be fetched from, and where never: other hosts, private networks, disguised numbers."""

import socket

import pytest

from shop.platforms.addresses import Gate, is_public, resolve
from shop.platforms.failures import AddressRefused

HOSTS = frozenset({"www.tulip.example"})
PUBLIC = {
    "www.tulip.example": ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"],
    "tulip.myshoptet.com": ["2606:2800:220:1:248:1893:25c8:1946"],
}


def known(host: str, _port: int) -> list[str]:
    if host not in PUBLIC:
        raise socket.gaierror
    return PUBLIC[host]


def gate(numbers: list[str] | None = None) -> Gate:
    return Gate(HOSTS, (".myshoptet.com",), None, known if numbers is None else lambda _host, _port: numbers)


def test_the_shops_own_hosts_pass_and_are_pinned_to_the_number_that_was_checked() -> None:
    pinned = gate().check("https://WWW.tulip.example/api-results/3ax-sf.json?x=1#part")
    assert pinned.url == "https://93.184.216.34/api-results/3ax-sf.json?x=1"
    assert (pinned.headers, pinned.extensions) == ({"Host": "www.tulip.example"}, {"sni_hostname": "www.tulip.example"})
    assert gate().check("https://tulip.myshoptet.com:443/x").url == "https://[2606:2800:220:1:248:1893:25c8:1946]/x"
    assert "3ax-sf" not in repr(pinned)


@pytest.mark.parametrize(
    "address",
    [
        "http://www.tulip.example/x", "https://www.tulip.example:8443/x", "https://www.tulip.example:0x1/x",
        "https://elsewhere.example/x", "https://myshoptet.com.evil.example/x", "https://evilmyshoptet.com/x",
        "https://www.tulip.example@evil.example/x", "https://a:b@www.tulip.example/x", "file:///etc/passwd",
        "https://169.254.169.254/latest/meta-data/", "https://2852039166/", "https://[::ffff:127.0.0.1]/", "https://127.1/",
        "https://unknown.myshoptet.com/x", "", "//www.tulip.example/x", "https://", "https://[::1", "gopher://www.tulip.example/",
        "https://localhost/x", "http://127.0.0.1/x",
    ],
)  # fmt: skip
def test_s9_every_other_address_is_refused_without_being_quoted(address: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        gate().check(address)
    assert not caught.value.transient
    assert "/x" not in caught.value.message


@pytest.mark.parametrize(
    "number",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
     "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:c0a8:101::1"],
)  # fmt: skip
def test_s9_a_name_that_leads_inside_is_refused_even_beside_a_public_number(number: str) -> None:
    assert not is_public(number)
    for numbers in ([number], ["93.184.216.34", number]):
        with pytest.raises(AddressRefused, match="private network"):
            gate(numbers).check("https://www.tulip.example/x")
    with pytest.raises(AddressRefused):
        gate([]).check("https://www.tulip.example/x")


@pytest.mark.parametrize(
    "number", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::808:808"]
)
def test_public_numbers_are_public(number: str) -> None:
    assert is_public(number)


@pytest.mark.parametrize(
    ("loopback", "address", "passes"),
    [
        ("127.0.0.1", "http://127.0.0.1:8123/api-results/x.json", True),
        ("127.0.0.1", "http://127.0.0.1:9/x", True),
        ("localhost", "http://localhost:8123/x", True),
        ("127.0.0.1", "http://localhost:8123/x", False),
        ("127.0.0.1", "http://127.0.0.2:8123/x", False),
        ("127.0.0.1", "http://10.0.0.1/x", False),
        ("127.0.0.1", "https://www.tulip.example/x", False),
        ("127.0.0.1", "http://169.254.169.254/x", False),
        ("127.0.0.1", "file://127.0.0.1/etc/passwd", False),
    ],
)
def test_a_platform_on_this_machine_gives_files_from_its_own_host_alone(
    loopback: str, address: str, passes: bool
) -> None:
    here = Gate(HOSTS, (".myshoptet.com",), loopback, known)
    if passes:
        assert here.check(address).url == address
        return
    with pytest.raises(AddressRefused):
        here.check(address)


def test_names_are_resolved_by_the_system() -> None:
    assert "127.0.0.1" in resolve("localhost", 443)
