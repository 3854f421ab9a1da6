"""A process that makes maps by UMAP, for a server that must not load what UMAP needs.

Run as ``python -m gradsim_core.similarities.umap_worker``. It compiles at once, for about ten
seconds, and then answers in hundredths of one.

Conventions
-----------
A request is a line of JSON on standard input: ``{"key": …, "seed": 0, "n": L, "similarity": …}``,
the similarities being (L, L) float64 in base64; its answer a line on standard output: ``{"key": …,
"layout": [[x, y], …]}``, or ``"error"`` with a message in place of the layout. The first line says
``{"ready": true}``. When standard input ends, because whoever asked is gone (killed, even), so does
the process; so it does when nobody has asked for twenty minutes.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TextIO

import numpy as np

from gradsim_core.similarities.arrangement import umap_layout

IDLE_S = 20 * 60
_NICENESS = 10


def main() -> None:
    """Answer until nobody asks any more."""
    with suppress(OSError):
        os.nice(_NICENESS)
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin, requests), daemon=True).start()
    umap_layout(np.eye(8))
    _say(answers, {"ready": True})
    with suppress(queue.Empty, BrokenPipeError):
        while True:
            _say(answers, answer_to(json.loads(requests.get(timeout=IDLE_S))))


def answer_to(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request; whatever goes wrong is told, and ends nothing."""
    try:
        numbers = np.frombuffer(base64.b64decode(request["similarity"]))
        layout = umap_layout(numbers.reshape(request["n"], request["n"]), request["seed"])
    except Exception as error:  # noqa: BLE001 - another request may well succeed
        return {"key": request["key"], "error": f"{type(error).__name__}: {error}"[:300]}
    return {"key": request["key"], "layout": layout.tolist()}


def _say(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _listen(lines: Iterable[str], requests: queue.Queue[str]) -> None:
    for line in lines:
        requests.put(line)
    os._exit(0)  # whoever asked is gone; a fit under way is of no use to anyone


if __name__ == "__main__":
    main()
