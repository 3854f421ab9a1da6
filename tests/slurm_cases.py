"""SLURM's own commands for the tests: two nodes on this machine, each with a network of its own.

``python slurm_cases.py SCRIPT`` runs a job script as SLURM would: with ``scontrol`` and ``srun``
beside it on the PATH, which know two nodes that meet over one virtual cable. A node has its own
name, network, `/tmp/ray` and process ids, so that Ray takes the two for two machines. It must run
where no other network is (see `ray_cases.apart`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

NAMES = ("node-a", "node-b")
ADDRESSES = ("10.77.0.1", "10.77.0.2")
RAY_FOLDER = Path("/tmp/ray")
OWN = ("--net", "--uts", "--mount")

SCONTROL = """#!/bin/sh
[ "$1 $2" = "show hostnames" ] || exit 2
echo "$3" | tr , '\\n'
"""

SRUN = """#!/bin/sh
# the command, once on each of the nodes; each time with process ids of its own
nodes=1
while :; do
  case $1 in
    --nodes=*) nodes=${1#*=} ;;
    --ntasks=1 | --ntasks-per-node=1) ;;
    -w) [ "$2" = "${SLURM_JOB_NODELIST%%,*}" ] || exit 2; shift ;;
    -*) echo "srun: unknown option $1" >&2; exit 2 ;;
    *) break ;;
  esac
  shift
done
code=0
started=
for node in $(echo "$GRADSIM_NODES" | cut -d' ' -f"1-$nodes"); do
  nsenter -t "$node" --net --uts --mount unshare --pid --fork --kill-child --mount-proc "$@" &
  started="$started $!"
done
for one in $started; do wait "$one" || code=$?; done
exit $code
"""


def main(script: Path) -> int:
    """Run the script in its own folder, which is the home folder, too; its exit code."""
    home = script.parent
    for name, text in {"scontrol": SCONTROL, "srun": SRUN}.items():
        (home / name).write_text(text)
        (home / name).chmod(0o755)
    path = f"{home}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    job = {"SLURM_JOB_NODELIST": ",".join(NAMES), "SLURM_JOB_NUM_NODES": "2",
           "SLURM_CPUS_PER_TASK": "1"}
    with nodes(home) as ids:
        return subprocess.run(["bash", script], check=False, cwd=home, env={
            **os.environ, **job, "HOME": str(home), "PATH": path,
            "GRADSIM_NODES": " ".join(map(str, ids))}).returncode


@contextmanager
def nodes(folder: Path) -> Iterator[list[int]]:
    """Two nodes; yields the process that holds each."""
    RAY_FOLDER.mkdir(exist_ok=True)
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(
        f"{address} {name}\n" for address, name in zip(ADDRESSES, NAMES, strict=True)))
    held = [subprocess.Popen(["unshare", *OWN, "sh", "-c", (
        f"hostname {name} && mount --bind {hosts} /etc/hosts && mount -t tmpfs tmpfs {RAY_FOLDER} "
        "&& ip link set lo up && touch ready-$0 && exec cat"), name],
        cwd=folder, stdin=subprocess.PIPE) for name in NAMES]  # cat ends with this process
    try:
        while not all((folder / f"ready-{name}").exists() for name in NAMES):
            if any(one.poll() is not None for one in held):
                raise OSError("a node cannot be made")
            time.sleep(0.05)
        ids = [one.pid for one in held]
        run(["ip", "link", "add", "cable-a", "netns", str(ids[0]), "type", "veth", "peer", "name",
             "cable-b", "netns", str(ids[1])])
        for one, end, address in zip(ids, ("cable-a", "cable-b"), ADDRESSES, strict=True):
            there = ["nsenter", "-t", str(one), "--net", "ip"]
            run([*there, "address", "add", f"{address}/24", "dev", end])
            run([*there, "link", "set", end, "up"])
        yield ids
    finally:
        for one in held:
            one.kill()
            one.communicate()


def run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
