"""An estimate made in a process of its own, for whoever must not load a model or wait for it.

Conventions
-----------
The process is the command ``gradsim estimate``, told its study on standard input, so its numbers
are the command line's. One estimate is measured at a time, because two would slow each other
down; the others wait. An estimate that nobody asks after is ended, and so is one whose asker is
gone, even one that was killed.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any, Literal

import psutil

from gradsim_core.errors import GradSimError, RunError
from gradsim_core.runs.processes import end_family

ABANDONED_S = 20.0
"""Seconds without a question after which an estimate is ended."""

LONGEST_S = 600.0
"""Seconds that an estimate may take: a few steps of any model that can be trained here."""

_POLL_S = 0.2
_GRACE_S = 2.0
_WORDS = 600
_COMMAND = "from gradsim_core.cli import main; main()"
_ENDING = "from gradsim_core.backends import end_with_parent; end_with_parent({}); "
_one_at_a_time = threading.Lock()
_log = logging.getLogger(__name__)


class StudyEstimate:
    """The estimate of one study, under way or made.

    Parameters
    ----------
    study_yaml : the study
    abandoned_s : seconds without a question after which it is ended
    """

    def __init__(self, study_yaml: str, abandoned_s: float = ABANDONED_S) -> None:
        self._text, self._abandoned_s = study_yaml, abandoned_s
        self._asked = time.monotonic()
        self._found: dict[str, Any] | None = None
        self._error: GradSimError | None = None
        self._state: Literal["waiting", "measuring", "done", "failed", "ended"] = "waiting"
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True, name="estimate")
        self._thread.start()

    @property
    def state(self) -> str:
        """ "waiting" for its turn, "measuring", "done", "failed", or "ended" before it was made."""
        self._asked = time.monotonic()
        return self._state

    def found(self) -> dict[str, Any]:
        """The estimate, as of `estimate_study`.

        Raises
        ------
        GradSimError
            If it could not be made, in the words of the command line.
        """
        if self._error is not None:
            raise self._error
        if self._found is None:
            raise RunError("The estimate has not been made yet. Ask again in a few seconds.")
        return self._found

    def end(self) -> None:
        """End it, if it is under way."""
        self._ending.set()

    def wait(self, within_s: float) -> None:
        """Wait until it is made, has failed or was ended, but no longer than so many seconds."""
        self._thread.join(within_s)

    def _unwanted(self) -> bool:
        return self._ending.is_set() or time.monotonic() - self._asked > self._abandoned_s

    def _measure(self) -> None:
        while not _one_at_a_time.acquire(timeout=_POLL_S):
            if self._unwanted():
                self._state = "ended"
                return
        try:
            self._state = "measuring"
            self._state = self._run()
        except OSError as error:
            self._error = RunError(f"The estimate could not be started ({error.strerror}). The "
                                   "study can be started without it.")
            self._state = "failed"
        finally:
            _one_at_a_time.release()

    def _run(self) -> Literal["done", "failed", "ended"]:
        process = subprocess.Popen(
            [sys.executable, "-c", _ENDING.format(os.getpid()) + _COMMAND, "estimate", "-",
             "--json"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        atexit.register(process.kill)
        try:
            return self._read(process)
        finally:
            with suppress(psutil.NoSuchProcess, PermissionError, psutil.AccessDenied):
                end_family(psutil.Process(process.pid), _GRACE_S)
            process.wait()
            atexit.unregister(process.kill)

    def _read(self, process: subprocess.Popen[bytes]) -> Literal["done", "failed", "ended"]:
        text: bytes | None = self._text.encode(errors="surrogatepass")
        until = time.monotonic() + LONGEST_S
        while not self._unwanted():
            try:
                out, said = process.communicate(text, timeout=_POLL_S)
            except subprocess.TimeoutExpired:
                text = None  # it has been handed over
                if time.monotonic() > until:
                    self._error = RunError(f"A few steps took more than {LONGEST_S / 60:.0f} "
                                           "minutes: the study is too large for this machine. "
                                           "Choose a smaller model, or shorter texts.")
                    return "failed"
                continue
            return self._understand(process.returncode, out, said.decode(errors="replace"))
        return "ended"

    def _understand(self, code: int, out: bytes, said: str) -> Literal["done", "failed"]:
        with suppress(ValueError):
            if code == 0:
                self._found = json.loads(out)
                return "done"
        words = " ".join(said.rpartition("gradsim: ")[2].split())
        if "gradsim: " not in said:
            _log.error("An estimate failed: %s", said[-4000:])
            words = ("The estimate was killed, most likely for want of memory: the study would be "
                     "too. Choose a smaller model, fewer languages or sketched gradients."
                     if code < 0 else "The estimate failed, and it is our fault. The details stand "
                     "in the server's log. The study can be started without it.")
        self._error = RunError(words[:_WORDS])
        return "failed"
