"""Take a picture of every page, light and dark: ``python tools/screenshots.py FOLDER``.

Without a cache folder of your own, studies of 12 and 100 languages are made up. Each picture
holds the whole page, however long.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from browser_server import FLAGS, chromium_path, page_paths, running_server, settled
from made_up_worlds import LARGE, SMALL, write_world

SCHEMES = ("light", "dark")
LONGEST = 12_000
"""Pixels of a page that a picture holds at most."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--cache", type=Path, help="a cache folder, for --studies")
    parser.add_argument("--url", default="", help="of a dashboard that runs already, over --cache")
    parser.add_argument("--studies", nargs="*", help="first digits of signatures in --cache")
    parser.add_argument("--pages", nargs="*", help="names, such as Groups; all if not given")
    parser.add_argument("--schemes", nargs="*", default=SCHEMES, choices=SCHEMES)
    parser.add_argument("--query", default="", help="more of the address, such as k=3&film=1")
    parser.add_argument("--width", type=int, default=1280)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with served(options) as (url, studies), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        for scheme in options.schemes:
            for label, study in studies.items():
                query = f"?study={study}" + (f"&{options.query}" if options.query else "")
                for page, name in opened(browser, url, query, scheme, options):
                    path = options.folder / f"{name}-{label}-{scheme}.png"
                    page.screenshot(path=path)
                    sys.stdout.write(f"{path}\n")
        browser.close()


@contextmanager
def served(options: argparse.Namespace) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The address of a dashboard, and label -> first digits of each study that is pictured."""
    given = {name: name for name in options.studies or ()}
    if options.url:
        yield options.url.rstrip("/"), given or {"newest": ""}
    elif options.cache:
        with running_server(options.cache.resolve()) as server:
            yield server.url, given or {"newest": ""}
    else:
        with tempfile.TemporaryDirectory() as folder:
            cache = Path(folder) / "cache"
            write_world(cache, 12, signature=SMALL)
            write_world(cache, 100, signature=LARGE)
            with running_server(cache) as server:
                yield server.url, {"12": SMALL[:8], "100": LARGE[:8]}


def opened(browser: Browser, url: str, query: str, scheme: str,
           options: argparse.Namespace) -> Iterator[tuple[Page, str]]:
    """Every page as it stands when it is drawn, with its name."""
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.set_viewport_size({"width": options.width, "height": 900})
    page.goto(f"{url}/{query}")
    settled(page)
    paths = page_paths(page)
    for name in options.pages or paths:
        page.set_viewport_size({"width": options.width, "height": 900})
        page.goto(f"{url}/{paths[name]}{query}")
        settled(page)
        for _ in range(2):  # what is drawn only when it is in sight makes the page longer
            height = page.evaluate(
                "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
            page.set_viewport_size({"width": options.width,
                                    "height": max(900, min(LONGEST, height + 40))})
            settled(page)
        yield page, name.lower()
    context.close()


if __name__ == "__main__":
    main()
