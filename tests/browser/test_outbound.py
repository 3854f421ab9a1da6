"""The guard against outbound requests sees every kind of them, and lets none out."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

KINDS = {
    "image": ("new Image().src = 'http://outside.example/a.png'", "http://outside.example/a.png"),
    "number": ("new Image().src = 'http://192.0.2.1/b.png'", "http://192.0.2.1/b.png"),
    "fetch": ("fetch('https://outside.example/c').catch(() => 0)", "https://outside.example/c"),
    "beacon": ("navigator.sendBeacon('http://outside.example/d', 'x')", "http://outside.example/d"),
    "socket": ("new WebSocket('ws://outside.example/e')", "ws://outside.example/e"),
}


@pytest.fixture(scope="module")
def plain_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a page on this machine that asks for nothing."""
    folder: Path = tmp_path_factory.mktemp("plain")
    (folder / "index.html").write_text("<link rel=icon href='data:,'><p>Nothing</p>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


@pytest.mark.parametrize("kind", KINDS)
def test_request_to_the_outside_is_recorded(
        kind: str, open_page: Callable[..., Page], outbound: list[str], plain_page: str) -> None:
    script, address = KINDS[kind]
    page = open_page(plain_page)
    assert outbound == []
    page.evaluate(f"() => {{ {script} }}")
    page.wait_for_timeout(200)
    assert outbound == [address]
    outbound.clear()  # else the guard itself fails this test, as it should any other


def test_request_to_the_outside_gets_no_answer(
        open_page: Callable[..., Page], outbound: list[str], plain_page: str) -> None:
    page = open_page(plain_page)
    answer = page.evaluate("fetch('http://outside.example/').then(() => 'out', () => 'kept in')")
    assert answer == "kept in"
    outbound.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_opens_in_the_colour_scheme_asked_for(
        scheme: str, open_page: Callable[..., Page], plain_page: str) -> None:
    page = open_page(plain_page, colour_scheme=scheme)
    assert page.evaluate(f"matchMedia('(prefers-color-scheme: {scheme})').matches")
