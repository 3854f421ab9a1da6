"""A driver that begins a cluster of this machine alone, and is killed; prints what it leaves.

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
    driver = subprocess.Popen([sys.executable, "-c", DRIVER], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    told = driver.stdout.readline().strip()
    begun = psutil.Process(driver.pid).children(recursive=True)
    names = [name_of(one) for one in begun]
    driver.kill()
    driver.wait()
    deadline = time.monotonic() + _WITHIN_S
    while (left := [one for one in begun if one.is_running()]) and time.monotonic() < deadline:
        time.sleep(0.2)
    found = {"told": [told], "begun": names, "left": [name_of(one) for one in left]}
    for one in left:
        one.kill()
    return found


def name_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:100]
    except psutil.Error:
        return "ended"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
