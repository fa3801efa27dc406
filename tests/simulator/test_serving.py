"""The command: a process of its own on 127.0.0.1, its lines of JSON, its faults, its end; and its memory."""

import gzip
import json
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from shop.simulator.serve import serve
from tests.simulator.asking import PRIVATE, ask

COMMAND = [sys.executable, "-m", "shop.simulator.serve", "--port", "0"]


@contextmanager
def served(*arguments: str, shops: int = 1) -> Iterator[tuple[subprocess.Popen[str], list[dict[str, Any]]]]:
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, [json.loads(process.stdout.readline()) for _ in range(shops)]
    finally:
        process.kill()
        process.communicate()


def token(shop: dict[str, Any]) -> dict[str, str]:
    return {"Content-Type": "application/json", PRIVATE: shop["private_token"]}


def test_one_process_serves_several_shops_and_ends_cleanly(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state.jsonl"
    arguments = ["--shop", "demo-cz:cz:120:1", "--shop", "demo-eu:eu:80:2", "--state", str(state), "--trickle", "0.1"]
    with served(*arguments, "--fault", "error-503:1:/api/eshop", "--fault", "bad-records=4", shops=2) as (
        process,
        lines,
    ):
        assert [line["slug"] for line in lines] == ["demo-cz", "demo-eu"]
        for line in lines:
            assert set(line) == {"slug", "base_url", "private_token", "oauth_token", "token_url", "eshop_id"}
            assert line["base_url"].startswith("http://127.0.0.1:")
        base = lines[0]["base_url"]
        assert ask(base, "/api/eshop", token(lines[0])).status == 503
        for line in lines:
            about = ask(base, "/api/eshop", token(line)).data["contactInformation"]
            assert about["eshopId"] == line["eshop_id"]
        bearer = {"Authorization": f"Bearer {lines[1]['oauth_token']}"}
        assert line["token_url"].startswith(base)
        assert ask(base, "/action/ApiOAuthServer/getAccessToken", bearer).status == 200
        assert [fault["name"] for fault in ask(base, "/simulator/faults").json["faults"]] == ["bad-records"]
        deadline = time.monotonic() + 10
        while ask(base, "/api/orders", token(lines[0])).data["paginator"]["totalCount"] < 122:
            assert time.monotonic() < deadline, "it lives"
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")
    assert len(state.read_text().splitlines()) > 4


def test_nobody_else_can_reach_it() -> None:
    with served("--shop", "a:sk:5:1") as (_, [line]):
        port = int(line["base_url"].rpartition(":")[2])
        other = HTTPConnection("127.0.0.2", port, timeout=2)  # all of 127/8 is this machine, but it listens on one
        with pytest.raises((ConnectionRefusedError, TimeoutError)):
            other.request("GET", "/api/eshop")
        other.close()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Missing option '--shop'"),
        (["--shop", "demo"], "is not slug:profile:orders:seed"),
        (["--shop", "demo:xx:5:1"], "with a profile of cz, eu, ie, sk"),
        (["--shop", "a:cz:5:1", "--shop", "a:eu:5:1"], "Two shops have one name"),
        (["--shop", "a:cz:5:1", "--fault", "gremlin"], "Known are: rate-limit-json"),
        (["--shop", "a:cz:5:1", "--fault", "slow:0"], "at least once"),
        (["--shop", "a:cz:5:1", "--fault", "Slow!"], "is not name[=amount][:times[:path]]"),
    ],
)
def test_wrong_arguments_get_a_sentence(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(serve, ["--port", "0", *arguments])
    assert result.exit_code in (1, 2)
    assert sentence in " ".join(result.output.replace("│", " ").split())


def test_a_port_that_is_taken_is_told() -> None:
    with served("--shop", "a:sk:5:1") as (_, [line]):
        port = line["base_url"].rpartition(":")[2]
        result = CliRunner().invoke(serve, ["--port", port, "--shop", "b:sk:5:1"])
        assert result.exit_code == 1
        assert f"Port {port} cannot be had" in result.output


def peak(process: subprocess.Popen[str]) -> int:
    """Return the most memory the process has had, in megabytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def most_for(orders: int) -> tuple[int, int]:
    """Return the process's peak after one whole export of so many orders was downloaded, and the lines that came."""
    with served("--shop", f"big:cz:{orders}:3", "--job-waits", "0", "--job-runs", "0") as (process, [line]):
        base, headers = line["base_url"], token(line)
        hook = [{"event": "job:finished", "url": "https://a.example/"}]
        ask(base, "/api/webhooks", headers, "POST", {"data": hook})
        job = ask(base, "/api/orders/snapshot", headers).data["jobId"]
        while ask(base, "/api/system/jobs?status=completed", headers).data["jobs"] == []:
            time.sleep(0.25)
        url = ask(base, f"/api/system/jobs/{job}", headers).data["job"]["resultUrl"]
        body = ask(base, url.removeprefix(base)).body
        lines = gzip.decompress(body).count(b"\n")
        assert ask(base, "/api/orders?page=2", headers).status == 200
        return peak(process), lines


@pytest.mark.scale
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell a process's memory")
def test_ten_times_the_orders_take_no_more_memory() -> None:
    few, lines = most_for(3_000)
    assert lines == 3_000
    many, lines = most_for(30_000)
    assert lines == 30_000
    assert many - few < 20, f"{few} MB for 3,000 orders, {many} MB for 30,000"
    assert many < 160


def test_the_file_is_one_gzip_stream_to_its_end() -> None:
    with served("--shop", "a:sk:50:1", "--job-waits", "0", "--job-runs", "0") as (_, [line]):
        base, headers = line["base_url"], token(line)
        ask(base, "/api/webhooks", headers, "POST", {"data": [{"event": "job:finished", "url": "https://a.example/"}]})
        job = ask(base, "/api/products/snapshot", headers).data["jobId"]
        while (found := ask(base, f"/api/system/jobs/{job}", headers).data["job"])["status"] != "completed":
            time.sleep(0.2)
        unpacked = zlib.decompressobj(wbits=31)
        unpacked.decompress(ask(base, found["resultUrl"].removeprefix(base)).body)
        assert unpacked.eof
        assert unpacked.unused_data == b""
