"""A driver that begins a cluster of this machine alone, and is killed; prints what it leaves.

``python ray_driver.py [COUNT]``: killed when the cluster is there or, with a count, as soon as so
many of its processes are.

It must run where only loopback is (see `ray_cases`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import psutil

DRIVER = """
import time
from gradsim_core.backends.cluster import connected
with connected():
    print("begun", flush=True)
    time.sleep(600)
"""
_WITHIN_S = 20.0


def main() -> dict[str, list[str]]:
    """What the driver began, and what of it is there a while after the driver was killed."""
    os.environ.pop("RAY_ADDRESS", None)
    before = set(psutil.process_iter())
    driver = subprocess.Popen([sys.executable, "-c", DRIVER], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    if len(sys.argv) > 1:
        while len(begun := psutil.Process(driver.pid).children(recursive=True)) < int(sys.argv[1]):
            time.sleep(0.01)
        told = "begins"
    else:
        told = driver.stdout.readline().strip()
        begun = psutil.Process(driver.pid).children(recursive=True)
    names = [name_of(one) for one in begun]
    driver.kill()
    driver.wait()
    deadline = time.monotonic() + _WITHIN_S
    while (left := rays(begun, before)) and time.monotonic() < deadline:
        time.sleep(0.2)
    found = {"told": [told], "begun": names, "left": [name_of(one) for one in left]}
    for one in left:
        one.kill()
    return found


def rays(begun: list[psutil.Process], before: set[psutil.Process]) -> list[psutil.Process]:
    """Those of the processes that are there, and any of Ray's that came since in our network."""
    return [one for one in {*begun, *psutil.process_iter()} - before if lives(one) and (
        one in begun or (("ray/" in name_of(one) or name_of(one).startswith("ray::"))
                         and network_of(one.pid) == network_of(os.getpid())))]


def network_of(pid: int) -> str:
    """Its network namespace: clusters of other tests have one of their own."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return ""


def lives(process: psutil.Process) -> bool:
    """Whether it is there, and not only waits to be collected."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def name_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:100]
    except psutil.Error:
        return "ended"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
