"""A study of one's own in a real browser, from a file with mistakes to a finished result."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from made_up_studies import write_study
from playwright.sync_api import Locator, Page, expect

from gradsim_core import Store, list_runs, load_results

Open = Callable[..., Page]
LANGUAGES = ("hau", "yor", "swa")
SLOW = 120_000


@pytest.fixture
def dashboard(kept: tuple[ExitStack, dict[str, Any]], start_server: Callable[..., Any],
              tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for this file, over a cache with another study."""
    stack, started = kept
    if "server" not in started:
        cache = tmp_path_factory.mktemp("described") / "cache"
        write_study(cache)
        started["server"] = stack.enter_context(start_server(cache))
    return started["server"]


def table_rows(n: int = 40) -> list[str]:
    """A table whose columns go by unusual names, and whose labels can be learned."""
    words = {"good": "abcde", "bad": "vwxyz"}
    return ["comment,mood,tongue", *(
        f"{words[mood][i % 5] * 4} {code} {i},{mood},{code}"
        for code in LANGUAGES for i in range(n) for mood in words)]


def uploader(page: Page, words: str) -> Locator:
    return page.get_by_test_id("stFileUploader").filter(has_text=words).locator("input[type=file]")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()
    expect(page.get_by_text(re.compile(f"{label.lower()} is {option}"))).to_be_visible(
        timeout=30_000)


def remove(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Remove {name}").click()
    expect(page.get_by_role("button", name=f"Remove {name}")).to_have_count(0)
    page.wait_for_timeout(500)
    settled(page)


def settled(page: Page) -> None:
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(
        timeout=60_000)


def test_from_a_file_with_mistakes_to_a_finished_study(dashboard: Any, open_page: Open,
                                                       tmp_path: Path) -> None:
    page = open_page(f"{dashboard.url}/study", height=1600)
    bring_a_table(page, tmp_path)
    describe_by_form_and_text(page)
    check_and_start(page)
    find_the_run_again(page)
    cancel_and_go_on(page, Store(dashboard.cache))


def bring_a_table(page: Page, folder: Path) -> None:
    """Upload, preview, columns; every wrong row with its line; a mended file keeps the columns."""
    rows = table_rows()
    wrong, right = folder / "first.csv", folder / "mended.csv"
    right.write_text("\n".join(rows), encoding="utf-8")
    wrong.write_text("\n".join([*rows[:4], "a cell too few,good", *rows[5:8], "no language,bad,",
                                *rows[9:]]), encoding="utf-8")
    page.get_by_role("radio", name="New study").click()
    page.get_by_role("radio", name="My own files").click()
    page.get_by_role("tab", name="By upload").click()
    uploader(page, "column for the language").set_input_files(wrong)
    expect(page.get_by_text("Choose the column for text and for label and for language")
           ).to_be_visible(timeout=60_000)
    for label, column in (("Text", "comment"), ("Label", "mood"), ("Language", "tongue")):
        choose(page, label, column)
    expect(page.get_by_text("2 rows cannot be read.")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("first.csv, line 5")).to_be_visible()
    expect(page.get_by_text("first.csv, line 9")).to_be_visible()
    assert page.get_by_text("Check the data").count() == 0
    settled(page)
    remove(page, "first.csv")
    uploader(page, "column for the language").set_input_files(right)
    expect(page.get_by_text("In the upload mended.csv")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("cannot be read")).to_have_count(0)


def describe_by_form_and_text(page: Page) -> None:
    """Form and YAML are one draft, which a reload keeps."""
    page.get_by_role("spinbutton", name="Steps").fill("600")
    page.get_by_role("spinbutton", name="Steps").press("Enter")
    text = page.get_by_role("textbox", name="The study as YAML")
    expect(text).to_have_value(re.compile(r"steps: 600"), timeout=30_000)
    text.fill(text.input_value() + "name: Moods\n")
    text.press("Control+Enter")
    expect(page.get_by_role("textbox", name="Title")).to_have_value("Moods", timeout=30_000)
    settled(page)
    page.reload()
    expect(page.get_by_role("textbox", name="Title")).to_have_value("Moods", timeout=60_000)
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("600")


def check_and_start(page: Page) -> None:
    """Health, estimate, start."""
    page.get_by_text("Check the data", exact=True).click()
    expect(page.get_by_text("stands for a choice")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("swa (macrolanguage) read as swh").last).to_be_visible()
    expect(page.get_by_text("Measured on a few steps: 3 languages")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Peak memory")).to_be_visible()
    page.get_by_role("button", name="Start this study").click()


def find_the_run_again(page: Page) -> None:
    """Live progress, which a reload and any other page find again."""
    cancel = page.get_by_role("button", name="Cancel the run")
    expect(cancel).to_be_visible(timeout=60_000)
    assert "draft=" not in page.url
    page.reload()
    expect(cancel).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Groups").click()
    page.wait_for_url("**/groups?**")
    banner = page.get_by_test_id("stSidebar").get_by_role("link", name="Show")
    expect(banner).to_be_visible(timeout=60_000)
    banner.click()
    page.wait_for_url("**/study?**")
    expect(cancel).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stMain").get_by_text(re.compile(r"Running for .*left"))
           ).to_be_visible(timeout=SLOW)


def cancel_and_go_on(page: Page, store: Store) -> None:
    """A cancelled run goes on, and is done."""
    cancel = page.get_by_role("button", name="Cancel the run")
    banner = page.get_by_test_id("stSidebar").get_by_role("link", name="Show")
    cancel.click()
    again = page.get_by_role("button", name="Go on with it")
    expect(again).to_be_visible(timeout=60_000)
    (run,) = list_runs(store)
    assert run.state == "cancelled"
    expect(banner).to_have_count(0)
    again.click()
    expect(cancel).to_be_visible(timeout=60_000)
    expect(page.get_by_text("The joint model, language by language")).to_be_visible(
        timeout=5 * SLOW)
    expect(cancel).to_have_count(0, timeout=60_000)
    (run,) = list_runs(store)
    assert run.state == "done"
    assert load_results(store, run.signature).series.languages == ("hau", "swh", "yor")


def test_several_files_say_their_languages_by_their_names(dashboard: Any, open_page: Open,
                                                          tmp_path: Path) -> None:
    paths = []
    for code in ("hau", "yoruba"):
        path = tmp_path / f"{code}_train.tsv"
        path.write_text("text\tlabel\n" + "".join(f"{code} {i}\t{i % 2}\n" for i in range(30)))
        paths.append(path)
    page = open_page(f"{dashboard.url}/study?studying=new&draft=data%3A+%27%27", height=1600)
    page.get_by_role("tab", name="By upload").click()
    uploader(page, "column for the language").set_input_files(paths)
    page.get_by_role("button", name="Use these files").click(timeout=60_000)
    expect(page.get_by_text("The language of each file is what its name or folder says")
           ).to_be_visible(timeout=60_000)
    expect(page.get_by_text("are split here")).to_be_visible()
    kept = sorted(file.relative_to(dashboard.cache / ".uploads").as_posix().partition("/")[2]
                  for file in (dashboard.cache / ".uploads").rglob("*.tsv"))
    assert kept == ["hau/train.tsv", "yoruba/train.tsv"]


def test_a_study_file_is_opened_and_taken_away(dashboard: Any, open_page: Open,
                                               tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text("# mine\nlanguages: [deu, nld]\nbatch_size: 15\n", encoding="utf-8")
    page = open_page(f"{dashboard.url}/study?studying=new")
    page.get_by_text("Open a study file").click()
    uploader(page, "A study in YAML").set_input_files(file)
    expect(page.get_by_text(re.compile("batch_size.*must be even"))).to_be_visible(
        timeout=60_000)
    remove(page, "study.yaml")
    mended = tmp_path / "mended.yaml"
    mended.write_text("# mine\nlanguages: [deu, nld]\nbatch_size: 8\n", encoding="utf-8")
    uploader(page, "A study in YAML").set_input_files(mended)
    expect(page.get_by_role("textbox", name="Languages")).to_have_value("deu nld", timeout=60_000)
    page.get_by_role("spinbutton", name="Seed").fill("7")
    page.get_by_role("spinbutton", name="Seed").press("Enter")
    expect(page.get_by_role("textbox", name="The study as YAML")).to_have_value(
        re.compile("seed: 7"), timeout=30_000)
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    assert Path(download.value.path()).read_text(encoding="utf-8") == \
        "# mine\nlanguages: [deu, nld]\nbatch_size: 8\nseed: 7\n"
    assert download.value.suggested_filename == "study.yaml"
