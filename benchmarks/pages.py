"""Measure how fast pages answer, in a real browser: ``python -m benchmarks.pages``.

The real command serves studies of 100, 300 and 1,000 made-up languages; what is timed is said in
`watching`. Our page and the bare one (two plotly heatmaps of the same matrices in columns, and one
slider) take turns, so that both meet the same machine. Medians of the turns, and 95th percentiles.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks.watching import Watched, watch, watched
from gradsim_core import Reading, load_results, read_similarity

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from browser_server import (
    FLAGS,
    chromium_path,
    free_port,
    merge_points,
    page_paths,
    running_command,
    running_server,
    settled,
)
from made_up_studies import made_up_series, write_study
from made_up_worlds import world_codes

SIZES = {100: "0100000000000100", 300: "0300000000000300", 1000: "1000000000001000"}
BARE = '''
import numpy as np
import plotly.graph_objects as go
import streamlit as st

st.set_page_config(layout="wide")
st.header("Two heatmaps")
kept = np.load({path!r})
at = st.select_slider("Up to step", range(len(kept["steps"])), value=len(kept["steps"]) - 1)
for column, name in zip(st.columns(2), ("lower", "higher")):
    values, names = kept[name][at], list(kept["languages"])
    figure = go.Figure(go.Heatmap(z=values, x=names, y=names, zmin=-1, zmax=1,
                                  colorscale="RdBu"))
    figure.update_layout(height=600, title=name)
    column.plotly_chart(figure, key=name)
'''


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=12, help="after two that are not counted")
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"{options.turns} turns\n{'':<58}{'median':>8}{'p95':>8}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        cache = Path(folder) / "cache"
        for n, signature in SIZES.items():
            if n == 100 or f"{n} languages" in options.only:
                write(cache, n, signature)
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        with running_server(cache) as server:
            for name in options.only:
                PARTS[name](browser, server.url, cache, options.turns)
        browser.close()


def write(cache: Path, n: int, signature: str) -> None:
    """A study of n languages; of many, with the last snapshot alone."""
    series = made_up_series([at % 12 for at in range(n)], codes=world_codes(n))
    if n > 300:
        series = replace(series, snapshots=series.snapshots[-1:], sums=series.sums[-1:],
                         step_numbers=series.step_numbers[-1:], steps=series.steps[-1:])
    write_study(cache, signature=signature, series=series, name=f"{n} languages")


def two_panels(browser: Browser, url: str, cache: Path, turns: int) -> None:
    """The two linked heatmaps of the Layers page against a bare page with the same two."""
    signature = SIZES[100]
    with bare_page(cache, signature) as bare_url:
        ours = opened(browser, f"{url}/layers?study={signature[:8]}&guide=0")
        bare = opened(browser, bare_url)
        steps: dict[str, list[Watched]] = {"ours": [], "bare": []}
        for turn in range(turns + 2):
            key = "ArrowLeft" if turn % 2 == 0 else "ArrowRight"
            for name, page in (("ours", ours), ("bare", bare)):
                slider = page.get_by_role("slider", name="Up to step")
                steps[name].append(pressed(page, slider, key))
        first = [one.charts[0] - one.sent for one in steps["ours"][2:]]
        whole = [one.last - one.sent for one in steps["ours"][2:]]
        theirs = [max(one.charts[:2]) - one.sent for one in steps["bare"][2:]]
        told("two panels of 100, bare page: step sent to drawn", theirs)
        told("two panels of 100, Layers: step sent to drawn", first)
        told("all charts of Layers: step sent to drawn", whole)
        ratio = np.array(first) / np.array(theirs)
        print(f"{'ratio of the two panels (at most 1.5)':<58}{np.median(ratio):>8.2f}"
              f"{np.percentile(ratio, 95):>8.2f}", flush=True)
        again = {name: [opening(page) for _ in range(max(3, turns // 3))]
                 for name, page in (("bare", bare), ("ours", ours))}
        told("bare page, reloaded: to its two panels", [max(one[:2]) for one in again["bare"]])
        told("Layers, reloaded: to its two panels", [one[0] for one in again["ours"]])
        for page in (ours, bare):
            page.context.close()


def slider_at(n: int) -> Callable[[Browser, str, Path, int], None]:
    """How long a step of the block slider takes on the Similarity page."""
    def measure(browser: Browser, url: str, cache: Path, turns: int) -> None:
        page = opened(browser, f"{url}/?study={SIZES[n][:8]}&guide=0")
        slider = page.get_by_role("slider", name="end")
        found = []
        for turn in range(2 * len(KEYS) + turns):
            found.append(pressed(page, slider, KEYS[turn % len(KEYS)]))
        warm = found[2 * len(KEYS):]
        told(f"block slider, {n} languages: input to heatmap", [one.charts[0] for one in warm])
        told("   … of these, until it was sent", [one.sent for one in warm])
        told("   … sent to heatmap", [one.charts[0] - one.sent for one in warm])
        told("   … input to all charts", [one.last for one in warm])
        page.context.close()
    return measure


KEYS = ("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowRight")
"""There and back over four ranges of blocks."""


def branch_click(browser: Browser, url: str, cache: Path, turns: int) -> None:
    """How long it takes from a click on a merge of the tree to the last picture that marks it.

    Once the map is made: while UMAP compiles, in its own process, it has a core of the machine.
    """
    page = opened(browser, f"{url}/?study={SIZES[100][:8]}&guide=0")
    page.get_by_text("UMAP is being prepared").wait_for(state="hidden", timeout=120_000)
    settled(page, timeout_s=180)
    found = []
    for turn in range(2 + turns):
        merges = merge_points(page)
        x, y = merges[(7 * turn) % len(merges)]
        found.append(watched(page, partial(page.mouse.click, x, y)))
    told("branch click, 100 languages: first chart", [one.first for one in found[2:]])
    told("   … all charts of the page", [one.last for one in found[2:]])
    page.context.close()


def page_switch(browser: Browser, url: str, cache: Path, turns: int) -> None:
    """How long it takes from a click in the sidebar to the page's last chart."""
    page = opened(browser, f"{url}/?study={SIZES[100][:8]}&guide=0")
    names = list(page_paths(page))
    found: dict[str, list[Watched]] = {name: [] for name in names}
    for _ in range(1 + max(3, turns // 3)):
        for name in names:
            link = page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
            found[name].append(watched(page, link.click))
    for name, times in found.items():
        told(f"page switch to {name}, 100 languages: first chart",
             [one.first for one in times[1:]])
        told("   … last chart", [one.last for one in times[1:]])
    page.context.close()


def very_many(browser: Browser, url: str, cache: Path, turns: int) -> None:
    """Whether a study of 1,000 languages opens, and how long that takes."""
    page = opened(browser, f"{url}/?study={SIZES[1000][:8]}&guide=0")
    cells = page.evaluate("document.querySelector('.js-plotly-plot')._fullData"
                          ".find(one => one.type === 'heatmap').z.length")
    told(f"1,000 languages ({cells} rows drawn), reloaded: to heatmap",
         [opening(page)[0] for _ in range(3)])
    page.context.close()


PARTS: dict[str, Callable[[Browser, str, Path, int], None]] = {
    "two panels": two_panels, "100 languages": slider_at(100), "branch click": branch_click,
    "page switch": page_switch, "300 languages": slider_at(300), "1000 languages": very_many}


def pressed(page: Page, widget: Locator, key: str) -> Watched:
    """What a key does to a widget."""
    widget.focus()
    return watched(page, lambda: page.keyboard.press(key))


def opened(browser: Browser, url: str) -> Page:
    """A page that stands."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    watch(page)
    page.goto(url)
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=180_000)
    settled(page, timeout_s=180)
    return page


def opening(page: Page) -> tuple[float, ...]:
    """ms from a reload to each chart of the page."""
    page.reload()
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=180_000)
    settled(page, timeout_s=180)
    page.wait_for_timeout(500)
    return tuple(page.evaluate("Array.from(document.querySelectorAll('.js-plotly-plot'), "
                               "one => __watch.charts.get(one) ?? NaN)"))


@contextmanager
def bare_page(cache: Path, signature: str) -> Iterator[str]:
    """A Streamlit page with two heatmaps and a slider, over the matrices that ours shows."""
    from gradsim_core import Store

    loaded = load_results(Store(cache), signature)
    steps = range(len(loaded.series.snapshots))
    kept = {name: np.stack([read_similarity(loaded, Reading(
        blocks=name, correction="raw", snapshot=at)).matrix for at in steps]).astype(np.float32)
        for name in ("lower", "higher")}
    folder = cache.parent / "bare"
    folder.mkdir()
    np.savez(folder / "kept.npz", steps=list(steps), languages=loaded.series.languages, **kept)
    script, port = folder / "bare.py", free_port()
    script.write_text(BARE.format(path=str(folder / "kept.npz")))
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    with running_command(command, port, folder) as server:
        yield server.url


def told(what: str, times: Sequence[float]) -> None:
    known = np.array([one for one in times if np.isfinite(one)])
    if len(known) < len(times):
        what += f" ({len(times) - len(known)} of {len(times)} left it as it was)"
    if len(known):
        print(f"{what:<58}{np.median(known):>8.0f}{np.percentile(known, 95):>8.0f}", flush=True)


if __name__ == "__main__":
    main()
