"""The command ``topics``: topics of rows for data that has none, made from the texts themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gradsim_core.cli.options import AsJson, Threads, study_options
from gradsim_core.cli.printing import log, print_json, print_table, progress_shown
from gradsim_core.errors import StoreError
from gradsim_core.prepared import prepare
from gradsim_core.storage.atomic import publish
from gradsim_core.study import Study


@study_options
def topics(study: Study, out: Annotated[Path, typer.Option(
               "--out", "-o", metavar="FILE", help="Where to write the topics (JSON).")],
           topics_model: Annotated[str, typer.Option(metavar="MODEL", help=(
               "Encoder that embeds the texts: a local folder or a hub id; best a multilingual "
               "sentence encoder."))],
           k: Annotated[int, typer.Option(min=2, max=100, help="Number of topics.")] = 6,
           threads: Threads = None, as_json: AsJson = False) -> None:
    """Give every text of a data set a topic, by clustering what an encoder makes of it.

    Texts of all splits are embedded and clustered by k-means. What a language's texts have in
    common is taken out first: otherwise the clusters would be the languages. How much the clusters
    still say about the language is printed, before and after. Pass the file to a study as `topics`.

    ```
    gradsim topics --preset afrisenti --data ~/afrisent-semeval-2023/data --rows 1000
        --topics-model sentence-transformers/LaBSE --k 6 --out topics.json
    gradsim run --preset afrisenti --data ~/afrisent-semeval-2023/data --rows 1000
        --topics topics.json --by-topic
    ```
    """
    from gradsim_core.measuring.clustered_topics import cluster_topics

    prepared = prepare(study.model_copy(update={"by_topic": False, "topics": None}))
    with progress_shown("Embedding", 1, unit="text") as observe:
        content = cluster_topics(prepared, topics_model, k, threads, observe)
    try:
        publish(out.absolute(), [memoryview((json.dumps(
            content, ensure_ascii=False, indent=1) + "\n").encode())])
    except OSError as error:
        raise StoreError(f"{str(out)[-200:]}: cannot be written ({error.strerror}). Choose "
                         "another place.") from None
    made = content["made"]
    if as_json:
        print_json(made)
        return
    print_table(f"{k} topics of {made['texts']:,} texts in {len(made['languages'])} languages",
                ("topic", "in the middle of it", "texts", "share"),
                [(one["topic"], " | ".join(one["examples"]), one["texts"], f"{one['share']:.0%}")
                 for one in made["clusters"]], left=2)
    shared = made["language_information"]
    log("Knowing the cluster tells {} of which language it is, with the languages' own means taken "
        "out; {} without.", f"{shared['after']:.1%}", f"{shared['before']:.1%}")
    log("Written to {}. Next: gradsim run … --topics {} --by-topic", out, out)
