"""Result files: packed lines under a name nobody guesses, whole or from a byte on."""

import re

from tests.simulator.asking import Client, download


def result_of(client: Client) -> str:
    client.hook("job:finished")
    return str(client.finished("/api/orders/snapshot")["resultUrl"])


def test_a_result_is_gzip_without_saying_so(client: Client) -> None:
    url = result_of(client)
    assert re.search(r"/api-results/[0-9a-f]{7}-[0-9a-f]{16}\.json$", url)
    got = download(url)
    assert got.body[:2] == b"\x1f\x8b"
    assert "Content-Encoding" not in got.headers
    assert int(got.headers["Content-Length"]) == len(got.body)
    assert [line["code"] for line in got.lines] == [draft.code for draft in client.shop.living.drafts()]
    assert (client.simulator.counts.downloads, client.simulator.counts.downloads_with_token) == (1, 0)


def test_a_token_shown_to_the_result_is_counted(client: Client) -> None:
    download(result_of(client), Shoptet_Private_API_Token=client.shop.private_token)
    assert client.simulator.counts.downloads_with_token == 1


def test_another_name_finds_nothing(client: Client) -> None:
    url = result_of(client)
    for name in ("x.json", "", "..%2f..%2fetc%2fpasswd", "../x"):
        assert download(url.rpartition("/")[0] + "/" + name).status == 404


def test_a_broken_download_goes_on_from_where_it_was(client: Client) -> None:
    url = result_of(client)
    whole = download(url)
    etag, size = whole.headers["ETag"], len(whole.body)
    rest = download(url, Range="bytes=1000-", If_Range=etag)
    assert rest.status == 206
    assert rest.headers["Content-Range"] == f"bytes 1000-{size - 1}/{size}"
    assert whole.body[:1000] + rest.body == whole.body
    piece = download(url, Range="bytes=10-19")
    assert (piece.status, piece.body) == (206, whole.body[10:20])


def test_another_etag_gives_the_whole_file(client: Client) -> None:
    url = result_of(client)
    got = download(url, Range="bytes=1000-", If_Range='"another"')
    assert (got.status, got.body) == (200, download(url).body)


def test_a_range_past_the_end_is_refused(client: Client) -> None:
    url = result_of(client)
    size = len(download(url).body)
    got = download(url, Range=f"bytes={size}-")
    assert (got.status, got.headers["Content-Range"]) == (416, f"bytes */{size}")
