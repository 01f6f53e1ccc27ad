"""Run as a program: live in a store, saying each crash point on stdout, until killed or at the crash point that is named."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.store.dying import live, live_on


def main(root: str, fatal: str, visit: str) -> None:
    left = int(visit)

    def told(name: str) -> None:
        nonlocal left
        os.write(1, f"{name}\n".encode())
        left -= name == fatal
        if name == fatal and left == 0:
            os._exit(9)

    live(Path(root), told)
    live_on(Path(root), told)


if __name__ == "__main__":
    main(*sys.argv[1:])
