"""`make bench`: what a deploy costs, beside what else one could do, in one run.

    python -m tests.bench [--rounds N] [--write] [PART ...]

Times of one machine mean little; the ratios of one run do. Every cell with three figures is minimum / median / maximum
over the rounds of this run, and a ratio is taken round by round. `--write` puts the tables into docs/performance.md,
each between the marks that bear its part's name.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from importlib import import_module

from tests.bench.page import machine, write

PARTS = {
    "start_up": 7,
    "deploys": 3,
    "image": 2,
    "growth": 3,
    "file_store": 3,
    "server": 3,
    "searches": 3,
    "instances": 1,
}
"""The modules beside this one, each with its usual number of rounds."""


def main() -> None:
    """Measure the parts that are asked for, and print each as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them by default")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    failed = [part for part in options.parts or PARTS if not _measured(part, options.rounds or PARTS[part], options)]
    sys.exit(f"no figures of {', '.join(failed)}: see above" if failed else 0)


def _measured(part: str, rounds: int, options: argparse.Namespace) -> bool:
    """Measure a part, print it, and write it; whether that went well. The others do not wait for it to be mended."""
    load, began = os.getloadavg()[0], time.monotonic()
    try:
        tables = list(import_module(f"tests.bench.{part}").measure(rounds))
    except Exception:  # noqa: BLE001 - whatever it is, it is shown
        traceback.print_exc()
        return False
    command = f"python -m tests.bench --rounds {rounds} {part}"
    text = "\n\n".join([f"`{command}`, {machine(load, time.monotonic() - began)}", *tables])
    print(f"\n## {part}\n\n{text}\n", flush=True)
    if options.write:
        write(part, text)
    return True


if __name__ == "__main__":
    main()
