"""Pages on this machine alone: what is answered, what is not, and a live page in a real browser."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
from browser import running_browser

from tlbench.errors import TlbenchError
from tlbench.publishing.web.live_page import LivePage
from tlbench.publishing.web.server import PageServer, folder_pages, tell_the_end

HOSTILE = '<img src=x onerror="alert(1)">'


def get(server, path, host=None):
    port = int(server.address.rsplit(":", 1)[1].strip("/"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Host": host} if host else {})
    response = connection.getresponse()
    return response.status, response.getheader("Content-Type"), response.read()


@pytest.fixture
def site(tmp_path):
    """Two suites, and a secret beside them with a link that leads to it."""
    for name in ("digits", "medical"):
        (tmp_path / "site" / name).mkdir(parents=True)
        (tmp_path / "site" / name / "index.html").write_text(f"<p>{name}")
    (tmp_path / "site" / "index.html").write_text("<p>all")
    (tmp_path / "secret.html").write_text("<p>secret")
    (tmp_path / "site" / "link.html").symlink_to(tmp_path / "secret.html")
    return tmp_path / "site"


def test_a_port_in_use_is_named_with_a_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(TlbenchError, match=f"port {port} is in use; name another with --port N, or any free one"):
            PageServer(port)


def test_what_is_outside_the_folder_is_not_answered_by_path_or_by_link(site):
    server = PageServer(0)
    with server.started(folder_pages(site)):
        for path in (
            "/../secret.html",
            "/%2e%2e/secret.html",
            "/digits/../../secret.html",
            "/link.html",
            "/none",
            "/%00",
        ):
            status, _, content = get(server, path)
            assert status in (404, 503), path
            assert b"secret" not in content


def test_a_name_that_was_made_to_lead_here_reads_nothing(site):
    server = PageServer(0)
    with server.started(folder_pages(site)):
        assert get(server, "/", host="attacker.example")[0] == 421
        assert get(server, "/", host="localhost:1234")[0] == 200


def test_a_folder_of_suites_is_answered_with_its_pages(site):
    server = PageServer(0)
    with server.started(folder_pages(site)):
        assert get(server, "/") == (200, "text/html; charset=utf-8", b"<p>all")
        assert get(server, "/digits/")[2] == b"<p>digits"
        assert get(server, "/medical/index.html?x#y")[2] == b"<p>medical"


def test_a_folder_without_its_slash_is_moved_there_and_hidden_files_are_none(site):
    (site / ".env").write_text("TOKEN=1")
    server = PageServer(0)
    with server.started(folder_pages(site)):
        port = int(server.address.rsplit(":", 1)[1].strip("/"))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("HEAD", "/digits")
        response = connection.getresponse()
        assert (response.status, response.getheader("Location")) == (301, "/digits/")
        assert get(server, "/.env")[0] == 404
        assert get(server, "/" + "a" * 5000)[0] == 404
        assert get(server, "/", host="[")[0] == 421


@pytest.fixture
def growing(results):
    """A suite of which one seed is there, with a name that is markup, and a function that lets another land."""
    scores = {"dann": {"a:b": [0.7, 0.8]}, HOSTILE: {"a:b": [0.6, 0.6]}}
    results.transductive(scores, [0, 1], {"a:b": [0.5, 0.52]})
    results.result_set()
    key = next(cell["run_key"] for cell in results.cells if cell["variant"] == "dann" and cell["seed"] == 1)
    record = results.folder / f"{key}.json"
    record.rename(record.with_suffix(".later"))

    def land():
        record.with_suffix(".later").rename(record)

    return results.folder, land


def test_the_parts_of_a_live_page_are_made_again_only_when_a_record_lands(growing):
    folder, land = growing
    page = LivePage(folder)
    first = page.answer("/data.json")
    assert page.answer("/data.json") is not None
    assert page.answer("/data.json")[1] is first[1]  # the very same bytes: nothing was made
    land()
    assert page.answer("/data.json")[1] != first[1]
    assert page.answer("/records.jsonl") is None


def test_a_page_that_takes_long_to_make_is_offered_again_only_after_a_while(growing):
    folder, land = growing
    page = LivePage(folder)
    page.answer("/data.json")
    version = json.loads(page.answer("/status.json")[1])["version"]
    page._made["data"].seconds = 1000.0
    land()
    assert json.loads(page.answer("/status.json")[1])["version"] == version
    page.ended = True  # the last state is always to be had
    assert json.loads(page.answer("/status.json")[1])["version"] != version


def test_nobody_waits_for_a_page_that_nobody_has_opened(growing):
    page = LivePage(growing[0])
    tell_the_end(page)
    assert page.ended
    assert not page.end_was_told.is_set()


def test_an_open_page_shows_a_record_that_lands_keeps_what_is_chosen_and_hears_of_the_end(growing):
    folder, land = growing
    live, server, complaints = LivePage(folder), PageServer(0), []
    with running_browser() as browser, server.started(live.answer):
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.address)
        page.locator("#live", has_text="live: 7 of 8").wait_for()
        page.select_option("#metric", "macro_f1")
        land()
        page.locator("#live", has_text="live: 8 of 8").wait_for()
        page.locator(".top .facts", has_text="8 runs").wait_for()
        assert page.input_value("#metric") == "macro_f1"
        row = page.locator("#rows .tabulator-row", has_text="dann")
        assert "75.0" in row.inner_text()
        assert page.locator("img").count() == 0
        live.ended = True
        page.locator("#live.ended").wait_for()
        assert live.end_was_told.is_set()
    assert complaints == []


def raw(server, request, wait=5.0):
    """What is answered to some bytes, until the connection is closed."""
    port = int(server.address.rsplit(":", 1)[1].strip("/"))
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "path", ["//digits", "///digits", "/./digits", "//evil.example/..%2fdigits", "/\\digits", "//digits?x"]
)
def test_a_folder_is_never_moved_to_another_host(site, path):
    server = PageServer(0)
    with server.started(folder_pages(site)):
        answer = raw(server, f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    for line in answer.split(b"\r\n"):
        if line.lower().startswith(b"location:"):
            assert line.split(b": ")[1].startswith(b"/")
            assert not line.split(b": ")[1].startswith((b"//", b"/\\"))
    assert b" 500 " not in answer.split(b"\r\n")[0]


def test_an_idle_connection_is_dropped_and_a_hundred_of_them_keep_nobody_waiting(site, monkeypatch):
    monkeypatch.setattr("tlbench.publishing.web.server._Handler.timeout", 1.0)
    server = PageServer(0)
    with server.started(folder_pages(site)):
        port = int(server.address.rsplit(":", 1)[1].strip("/"))
        idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(100)]
        assert get(server, "/")[0] == 200
        assert {connection.recv(10) for connection in idle} == {b""}
        for connection in idle:
            connection.close()


def test_more_connections_than_are_answered_at_once_are_dropped_and_their_places_come_back(site, monkeypatch):
    monkeypatch.setattr("tlbench.publishing.web.server._Handler.timeout", 1.0)
    monkeypatch.setattr("tlbench.publishing.web.server.MOST_AT_ONCE", 2)
    server = PageServer(0)
    with server.started(folder_pages(site)):
        port = int(server.address.rsplit(":", 1)[1].strip("/"))
        idle = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(3)]
        assert {connection.recv(10) for connection in idle} == {b""}
        for connection in idle:
            connection.close()
        assert get(server, "/")[0] == 200


def test_many_may_knock_before_anybody_is_answered(site):
    server = PageServer(0)
    server.close()
    assert server._server.request_queue_size >= 100
