"""The command ``python -m dashboard.report``: a study's report without a browser."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from dashboard.report.assembling import study_report
from gradsim_core import GradSimError, Reading, Rule, Store, find_signature


def main(arguments: list[str] | None = None) -> int:
    """Write a report, and say where; 1 with the reason where that fails."""
    asked = _parser().parse_args(arguments)
    store = Store(asked.cache)
    try:
        signature = find_signature(store, asked.signature)
        written = study_report(store, signature, Reading(blocks=asked.blocks),
                               Rule(strategy=asked.strategy, k=asked.k))
        asked.output.write_text(written, encoding="utf-8")
    except (GradSimError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{asked.output}: cannot be written ({error.strerror}). Choose another "
                         "place.\n")
        return 1
    sys.stdout.write(f"{asked.output}: {len(written.encode()) / 1e6:.1f} MB, study {signature}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dashboard.report",
        description="Write a study's report: one HTML file that needs no network.")
    parser.add_argument("signature", help="of the study, or its first digits")
    parser.add_argument("-o", "--output", type=Path, default=Path("report.html"))
    parser.add_argument("--cache", default=os.environ.get("GRADSIM_CACHE", "cache"))
    parser.add_argument("--blocks", default=Reading().blocks, help="as in `gradsim similarity`")
    parser.add_argument("--strategy", default=Rule().strategy, help="as in `gradsim group`")
    parser.add_argument("--k", type=int, default=None, help="number of groups")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
