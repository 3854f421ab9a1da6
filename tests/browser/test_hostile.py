"""Eighty hostile strings wherever data can put one, on every page: shown as text, and no more.

They are names and codes of languages, the study's name, labels, source and model, topics, titles,
reasons, verdicts, names of saved groupings and of groups, origins of imported scores, errors of
runs, and whatever an address can hold. No script runs, nothing is asked for outside, no link or
picture of theirs stands in a page, and no file holds a cell that a spreadsheet computes.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from browser_server import page_paths, settled
from hostile import HOSTILE, LONE_SURROGATE
from made_up_correlations import made_up_measures
from made_up_experiments import made_up_experiment, write_experiment
from made_up_findings import made_up_lower_or_higher, made_up_topic_or_language, write_finding
from made_up_studies import made_up_series, write_study
from playwright.sync_api import Page

from dashboard.selection import DEFAULT, Selection
from gradsim_core import (
    GradSimError,
    Reading,
    Rule,
    Scores,
    Store,
    decide,
    load_results,
    plain_text,
    save_grouping,
    save_imported,
    study_from,
    study_yaml,
)
from gradsim_core.languages.resolving import resolve_or_own
from gradsim_core.runs import attend_run

Open = Callable[..., Page]
SIZE = 20
STUDIES = {f"f{at}00000000000000": HOSTILE[at * SIZE:(at + 1) * SIZE]
           for at in range(-(-len(HOSTILE) // SIZE))}
FAILED = "ff00000000000000"
VIEWS = ("training?planning=1", "correlation?correlating=plan", "correlation?correlating=import",
         "study?studying=new", "study?studying=beside&beside=f1000000", "?film=1&naming=own",
         "?strips=branch&strips=family&strips=script&strips=size&strips=group")
UNFOLD = """() => document.querySelectorAll(
    '[data-testid=stExpander] details:not([open]) > summary').forEach(one => one.click())"""
STRANGERS = """() => {
    const ours = '[data-testid=stPageLink-NavLink], [data-testid=stSkipToContent], h3 [href^="#"]';
    const found = [...document.querySelectorAll('a[href]')].filter(one => !one.matches(ours));
    for (const link of document.querySelectorAll('a')) {
        const to = link.href?.baseVal ?? link.href;
        if (to && !String(to).startsWith(location.origin)) found.push(link);
    }
    const app = document.querySelector('[data-testid=stApp]');
    found.push(...app.querySelectorAll(
        'img, iframe, object, embed, script, base, meta, link, video, audio, math, marquee,'
        + ' svg a, [onerror], [onload], [onfocus], [ontoggle], [onclick]'));
    found.push(...[...app.querySelectorAll('image')].filter(
        one => !(one.getAttribute('href') || one.getAttribute('xlink:href') || 'data:image/png')
            .startsWith('data:image/png')));
    found.push(...[...app.querySelectorAll('[style*=out\\\\.example], style')].filter(
        one => one.outerHTML.includes('out.example')));
    if (window.__ran) found.push(document.createElement('ran-' + window.__ran));
    return found.map(one => one.outerHTML.slice(0, 200));
}"""
LOOSE = ("[data-testid=stException]", "[data-testid=stMain] .katex",
         ".stMarkdownBadge:has-text('a badge')",
         "[data-testid=stIconMaterial]:text-is('delete_forever')")
"""Markup of theirs that came to life."""


def write_hostile(cache: Path, signature: str, strings: Sequence[str]) -> Store:
    """A study in which every text is one of the strings."""
    codes = [taken_as_code(one) or f"refused{at}" for at, one in enumerate(strings)]
    names = dict(zip(codes, [*strings[1:], strings[0]], strict=True))
    one, two, three = strings[0], strings[1 % len(strings)], strings[2 % len(strings)]
    store = write_study(cache, signature=signature, names=names, name=one[:200],
                        series=made_up_series([at % 3 for at in range(len(codes))], codes=codes))
    record: Any = store.read_json(signature, "study.json")
    record |= {"labels": list(strings[:4]), "source": two}
    record["study"]["model"] = three
    store.write_json(signature, "study.json", record)
    write_experiment(store, made_up_experiment(codes, names=names, title=one, left_out=two,
                                               signature=signature))
    write_finding(store, made_up_measures(codes, names=names, title=one, left_out=two, name=three,
                                          signature=signature))
    write_finding(store, made_up_lower_or_higher(
        codes, names=names, signature=signature, verdict=one, left_out=two, title=three))
    write_finding(store, made_up_topic_or_language(
        codes, names=names, signature=signature, verdict=two, left_out=three, topics=(one, two)))
    decision = decide(load_results(store, signature), Reading(), Rule(k=3))
    for at, group in enumerate(decision["groups"]):
        group["name"] = strings[(at + 5) % len(strings)]
    with suppress(GradSimError):  # a blank name is refused
        save_grouping(store, signature, three, decision)
    save_imported(store, signature, "taken", Scores(
        tuple(codes), tuple(codes), one, two, (0,),
        np.linspace(0.2, 0.8, len(codes) ** 2).reshape(1, len(codes), len(codes)), three))
    return store


def taken_as_code(text: str) -> str:
    """The code that data with such a language get; "" where the language is refused."""
    try:
        return resolve_or_own(text).code
    except GradSimError:
        return ""


def write_failed(cache: Path, name: str, error: str) -> None:
    """A study whose run failed with an error of these words."""
    store = Store(cache)
    store.write_text(FAILED, "study.yaml", study_yaml(study_from({"name": name[:200]})))
    with suppress(GradSimError), attend_run(store, FAILED, "study", title=name):
        raise GradSimError(error)


@pytest.fixture
def dashboard(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
              tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over studies that hold all of the strings."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("hostile") / "cache"
        for signature, strings in STUDIES.items():
            write_hostile(cache, signature, strings)
        write_failed(cache, HOSTILE[1], HOSTILE[0])
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


@pytest.fixture
def watched(open_page: Open, dashboard: Any) -> Page:
    """A page that says so when a script of theirs opens a dialog."""
    page = open_page("about:blank", height=2400)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    return page


def look(page: Page, url: str) -> str:
    """Open an address and all that folds on it, look for what is not ours; the page's text."""
    page.goto(url)
    settled(page)
    page.evaluate(UNFOLD)
    settled(page)
    for area in page.locator(".nsewdrag[data-subplot=xy]").all()[:3]:
        box = area.bounding_box()
        if box and box["width"] > 80 and box["height"] > 40:
            area.hover(position={"x": box["width"] * 0.6, "y": box["height"] * 0.4}, force=True)
            page.wait_for_timeout(60)
    assert page.evaluate(STRANGERS) == [], url
    for selector in LOOSE:
        assert page.locator(selector).count() == 0, (url, selector)
    return page.evaluate("document.body.textContent")


def bare(text: str) -> str:
    """A text without blanks, unseen characters and cut ends, as pages show it."""
    return re.sub(r"[\W_]+", "", plain_text(text, 60).removesuffix("…"))[:12]


@pytest.mark.parametrize("signature", STUDIES)
def test_every_page_shows_them_as_text(dashboard: Any, watched: Page, signature: str) -> None:
    watched.goto(f"{dashboard.url}/?study={signature[:8]}")
    seen = "".join(look(watched, f"{dashboard.url}/{path}?study={signature[:8]}")
                   for path in page_paths(watched).values())
    seen = re.sub(r"[\W_]+", "", seen)
    missing = [one for one in STUDIES[signature] if bare(one) not in seen]
    assert missing == []


@pytest.mark.parametrize("view", VIEWS)
def test_every_other_view_shows_them_as_text(dashboard: Any, watched: Page, view: str) -> None:
    joint = "&" if "?" in view else "?"
    look(watched, f"{dashboard.url}/{view}{joint}study={next(iter(STUDIES))[:8]}")


def test_saved_groupings_edits_and_errors_show_them_as_text(dashboard: Any, watched: Page) -> None:
    store = Store(dashboard.cache)
    for signature, strings in STUDIES.items():
        saved = next(iter(store.names(signature, "groupings")), "")
        edits = [json.dumps(["rename", strings[0], strings[4]]),
                 json.dumps(["out", [strings[3]]]), json.dumps(["move", ["?"], strings[5]])]
        query = urlencode({"study": signature[:8], "opened": saved, "edits": edits,
                           "chosen": strings[:3], "compared": [saved]}, doseq=True)
        look(watched, f"{dashboard.url}/groups?{query}")
    for path in ("", "study"):
        assert "windowran" in re.sub(r"[\W_]", "", look(
            watched, f"{dashboard.url}/{path}?study={FAILED[:8]}"))


@pytest.mark.parametrize("first", [0, 30, 60])
def test_no_address_does_more_than_choose_a_view(dashboard: Any, watched: Page,
                                                 first: int) -> None:
    words = [one.name for one in fields(Selection)
             if not isinstance(getattr(DEFAULT, one.name), int)]
    query = urlencode({name: HOSTILE[(first + at) % len(HOSTILE)]
                       for at, name in enumerate(words)})
    watched.goto(f"{dashboard.url}/?study={next(iter(STUDIES))[:8]}")
    for path in page_paths(watched).values():
        look(watched, f"{dashboard.url}/{path}?{query}")


def test_no_file_holds_a_cell_that_a_spreadsheet_computes(dashboard: Any, watched: Page) -> None:
    signature = next(name for name, strings in STUDIES.items()
                     if any(one.startswith("=HYPERLINK") for one in strings))
    store = Store(dashboard.cache)
    for name in store.names(signature, "findings"):
        if name.startswith("topic-or-language"):  # made up without what its report tells
            store.remove(signature, f"findings/{name}.json")
    watched.goto(f"{dashboard.url}/?study={signature[:8]}")
    files = 0
    for path in page_paths(watched).values():
        look(watched, f"{dashboard.url}/{path}?study={signature[:8]}")
        assert watched.get_by_role("button", name="Download as CSV").count() == 0
        buttons = watched.get_by_test_id("stDownloadButton").filter(has_text="CSV")
        for at in range(buttons.count()):
            watched.evaluate(UNFOLD)  # a page that is built anew may fold
            with watched.expect_download() as download:
                buttons.nth(at).get_by_role("button").click()
            assert re.fullmatch(r"[\w.-]+\.csv", download.value.suggested_filename)
            text = Path(download.value.path()).read_text(encoding="utf-8")
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            computed = [cell for cell in cells if cell[:1] in "=+-@\t\r\x00＝＋－＠"
                        and cell and not re.fullmatch(r"[+-]?[\d.]+(e-?\d+)?", cell)]
            assert computed == [], (path, download.value.suggested_filename)
            files += 1
    assert files > 5


def test_half_a_pair_of_code_units_breaks_no_page(dashboard: Any, watched: Page) -> None:
    query = urlencode({"study": next(iter(STUDIES))[:8]})
    look(watched, f"{dashboard.url}/?{query}&chosen=%ED%A0%BD&language=%ED%A0%BD&left=%FF%FE")
    with pytest.raises((GradSimError, UnicodeError, ValueError)):
        write_hostile(dashboard.cache.with_name("half"), FAILED, [LONE_SURROGATE, "b", "c"])
