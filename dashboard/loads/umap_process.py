"""Maps by UMAP from a process of their own: asked for without waiting, and there a little later.

Conventions
-----------
The server never loads UMAP: compiling it takes ten seconds and 400 MB. One process a server is
started when a map is first asked for, compiles at once, and is ended with the server by its
standard input, which closes however the server ends (see gradsim_core's ``umap_worker``). A process
that dies or does not answer is replaced; after two in a row there are no such maps for a while.

A map depends on its similarities and a seed, so these are what it is kept under.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

COMMAND = (sys.executable, "-m", "gradsim_core.similarities.umap_worker")
MOST_KEPT = 128
PATIENCE_S, REST_S = 180.0, 600.0
"""Longest wait for an answer, the compiling included; and how long to do without after failures."""

_MOST_FAILURES = 2


def map_key(similarity: np.ndarray, seed: int = 0) -> str:
    """What a map is kept under."""
    matrix = np.ascontiguousarray(similarity, dtype=np.float64)
    return hashlib.sha256(matrix.tobytes() + f"{matrix.shape} {seed}".encode()).hexdigest()


class UmapUnavailable(Exception):
    """There is no such map; why, in plain words."""


class UmapProcess:
    """The process, and the maps that it has made.

    Parameters
    ----------
    command : that starts it
    patience_s, rest_s : as PATIENCE_S and REST_S
    """

    def __init__(self, command: Sequence[str] = COMMAND, patience_s: float = PATIENCE_S,
                 rest_s: float = REST_S) -> None:
        self._command, self._patience_s, self._rest_s = tuple(command), patience_s, rest_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._outbox: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._kept: OrderedDict[str, np.ndarray | str] = OrderedDict()
        self._asked: dict[str, str] = {}  # key -> request, not answered yet
        self._heard = self._rests_until = 0.0
        self._failures = 0

    def layout(self, similarity: np.ndarray, seed: int = 0) -> np.ndarray | None:
        """The map of these similarities; None while it is being made.

        Raises
        ------
        UmapUnavailable
            If it cannot be made.
        """
        matrix, key = np.ascontiguousarray(similarity, dtype=np.float64), map_key(similarity, seed)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found = self._kept[key]
                if isinstance(found, str):
                    raise UmapUnavailable(found)
                return found
            if time.monotonic() < self._rests_until:
                raise UmapUnavailable("the process that makes it ended unexpectedly")
            if key not in self._asked:
                self._ask(key, json.dumps({
                    "key": key, "seed": seed, "n": len(matrix),
                    "similarity": base64.b64encode(matrix.tobytes()).decode()}))
        return None

    def waiting(self, key: str) -> bool:
        """Whether a map (`map_key`) that was asked for is not there yet."""
        with self._lock:
            late = time.monotonic() - self._heard > self._patience_s
            if key in self._asked and late and self._process is not None:
                self._process.kill()  # whoever listens to it starts another
            return key in self._asked

    def _ask(self, key: str, request: str) -> None:
        if not self._asked:
            self._heard = time.monotonic()  # nobody was waiting until now
        self._asked[key] = request
        if self.pid is None:
            self._start()
        else:
            self._outbox.put(request)

    @property
    def pid(self) -> int | None:
        """Of the process that is alive."""
        alive = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and alive else None

    def close(self) -> None:
        """End the process; it is started again if a map is asked for."""
        with self._lock:
            process, self._process = self._process, None
            self._asked.clear()
        if process is not None:
            process.kill()
            process.wait()

    def _start(self) -> None:
        """Start a process and hand it all open requests."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        try:
            process = subprocess.Popen(self._command, stdin=subprocess.PIPE, text=True,
                                       stdout=subprocess.PIPE, env=environment,
                                       start_new_session=True)
        except OSError:
            self._rest()
            return
        self._process, self._outbox = process, queue.SimpleQueue()
        self._heard = time.monotonic()
        for request in self._asked.values():
            self._outbox.put(request)
        for work in (self._listen, self._write):
            threading.Thread(target=work, args=(process, self._outbox), daemon=True).start()

    def _rest(self) -> None:
        self._failures, self._rests_until = 0, time.monotonic() + self._rest_s
        self._asked.clear()

    @staticmethod
    def _write(process: subprocess.Popen[str], outbox: queue.SimpleQueue[str | None]) -> None:
        """Hand requests over; a thread, because a process that compiles does not read at once."""
        assert process.stdin is not None
        with suppress(OSError, ValueError):
            while (request := outbox.get()) is not None:
                process.stdin.write(request + "\n")
                process.stdin.flush()

    def _listen(self, process: subprocess.Popen[str],
                outbox: queue.SimpleQueue[str | None]) -> None:
        """Take a process's answers until it ends; if requests are open then, start another."""
        assert process.stdout is not None
        for line in process.stdout:
            self._take(json.loads(line))
        process.wait()
        outbox.put(None)
        with self._lock:
            if self._process is not process:
                return
            self._process = None
            if not self._asked:  # it was idle
                return
            self._failures += 1
            if self._failures < _MOST_FAILURES:
                self._start()
            else:
                self._rest()

    def _take(self, answer: dict[str, Any]) -> None:
        with self._lock:
            self._heard = time.monotonic()
            key = answer.get("key")
            if key is None:  # it is ready
                return
            self._failures = 0
            self._asked.pop(key, None)
            self._kept[key] = (answer["error"] if "error" in answer
                               else np.array(answer["layout"], dtype=np.float64))
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
