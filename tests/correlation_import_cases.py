"""Tables of scores and similarities, and their upload on the Correlation page."""

from __future__ import annotations

from made_up_studies import EUROPEAN
from page_views import correlation
from streamlit.testing.v1 import AppTest

WIDE = "trained on;deu;swa;nld;Italian\n" + "".join(
    f"{source};{at}1,5;70;NA;8{at}\n" for at, source in enumerate(("deu", "nld", "swa", "ita"), 1))
LONG = "train_lang,test_lang,f1\n" + "".join(
    f"{a},{b},{0.5 + 0.01 * (i + j):.2f}\n"
    for i, a in enumerate(EUROPEAN[:4]) for j, b in enumerate(EUROPEAN[:4]))


MATRIX = "x,deu,nld,spa\ndeu,1,0.8,0.2\nnld,0.8,1,0.3\nspa,0.2,0.3,1\n"


def uploaded(files: list[tuple[str, str | bytes]], **query: object) -> AppTest:
    """The page's import with these files, by name and content."""
    app = AppTest.from_function(correlation, default_timeout=60)
    app.query_params["correlating"] = "import"
    for key, value in query.items():
        app.query_params[key] = value  # type: ignore[assignment]
    app.run()
    if not files:
        return app
    (uploader,) = app.file_uploader
    given = [(name, text if isinstance(text, bytes) else text.encode(), "text/csv")
             for name, text in files]
    uploader.set_value(given if uploader.accept_multiple_files else given[0]).run()
    assert not app.exception
    return app


def scored(text: str | bytes, unit: str | None = "percent", name: str = "mine.csv") -> AppTest:
    """The page after a table of scores and its unit were given."""
    app = uploaded([(name, text)])
    if unit and app.get("button_group") and any(
            one.key == "upload.unit" for one in app.get("button_group")):
        app.button_group(key="upload.unit").set_value(unit).run()
        assert not app.exception
    return app


def similar(*files: tuple[str, str | bytes]) -> AppTest:
    return uploaded(list(files), bringing="similarity")
