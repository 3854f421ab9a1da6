"""The Study page without a browser: opened with a draft, with estimates at once at their end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from page_cases import opened_page, shown_cache
from page_views import study
from streamlit.testing.v1 import AppTest

from dashboard.loads import estimates

ROWS = [(f"{word} {code} {n}", label, code) for code in ("hau", "yor") for n in range(30)
        for word, label in (("good", "pos"), ("bad", "neg"))]
FOUND = {"train_seconds": 60.0, "score_seconds": 7.0, "peak_memory_bytes": 6e8,
         "disk_bytes": 2e6, "checkpoint_bytes": 9e7, "mode": "exact", "packed": True,
         "n_languages": 2, "n_parameters": 531_364}


class Estimated:
    """Stands for an estimate in another process: at once at its end."""

    asked: ClassVar[list[str]] = []
    state = "done"
    error: Exception | None = None

    def __init__(self, study_yaml: str) -> None:
        Estimated.asked.append(study_yaml)

    def found(self) -> dict[str, Any]:
        if Estimated.error is not None:
            raise Estimated.error
        return FOUND

    def end(self) -> None:
        Estimated.asked.append("ended")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows, and no process for estimates."""
    monkeypatch.setattr(estimates, "StudyEstimate", Estimated)
    estimates._kept.clear()
    Estimated.asked, Estimated.state, Estimated.error = [], "done", None
    yield from shown_cache(tmp_path / "cache", monkeypatch)
    estimates._kept.clear()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "reviews.csv"
    file.write_text("\n".join(["text,label,language", *(",".join(row) for row in ROWS)]))
    return file


def described(text: str, **query: object) -> AppTest:
    return opened_page(study, studying="new", draft=text, **query)


def asked(app: AppTest, key: str) -> str:
    """What the address says."""
    values = app.query_params.get(key, "")
    return values[-1] if isinstance(values, list) else values


def draft(app: AppTest) -> str:
    return asked(app, "draft")
