"""The Study page says where uploads are kept, and how they go."""

from __future__ import annotations

from pathlib import Path

from page_cases import words
from study_page_cases import cache as cache  # noqa: PLC0414 - a fixture
from study_page_cases import described


def test_the_upload_part_says_where_files_are_kept_and_how_they_go(cache: Path) -> None:
    said = words(described("data: ''\n"))
    assert f"Uploads are kept in *{cache / '.uploads'}*" in said
    assert "gradsim uploads --remove-unused --yes" in said
    assert "as long as a study or a run names them" in said
