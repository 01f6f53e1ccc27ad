"""Run as a program: write logs, rotate them too when told so on stdin, until told to stop; then say on stdout what was written."""

from __future__ import annotations

import json
import random
import select
import sys
import time
from itertools import chain
from pathlib import Path

from tests.torture.logs import Log, all_logs

PAUSE_S = 0.01


def main(folder: str, seed: str, rotations_per_s: str, only: str = "") -> None:
    """Write bursts to logs chosen by chance."""
    chance = random.Random(int(seed))  # noqa: S311 - chance, not secrets
    logs = [log for log in all_logs(Path(folder)) if only in str(log.path)]
    for log in logs:
        log.open()
    number = 1
    turns = 0
    _tell("ready")
    began_s = time.monotonic()
    rotations = 0
    rotates = False
    for log in logs:
        log.write(range(number, number + 1), chance)
        number += 1
    while True:
        if select.select([sys.stdin], [], [], PAUSE_S * chance.random() * 2)[0]:
            if sys.stdin.readline() != "rotate\n":
                break
            rotates, began_s = True, time.monotonic()
        log = chance.choice(logs)
        lines = chance.choice((1, 1, 3, 10, 40, 200))
        log.write(range(number, number + lines), chance)
        number += lines
        turns += 1
        if rotates and rotations < (time.monotonic() - began_s) * float(rotations_per_s):
            rotations += _rotate(chance.choice(logs), chance)
    for log in logs:
        log.end_line()
    told = {str(log.path): {"kept": [*chain(*log.older), *log.generation], "destroyed": log.destroyed} for log in logs}
    _tell(json.dumps({"logs": told, "rotations": rotations}))


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _rotate(log: Log, chance: random.Random) -> int:
    """Once, or several times in a row with little between."""
    times = chance.choice((1, 1, 1, 2, 3))
    for _ in range(times):
        log.rotate(log)
    return times


if __name__ == "__main__":
    main(*sys.argv[1:])
