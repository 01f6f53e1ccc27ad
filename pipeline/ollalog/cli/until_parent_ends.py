"""The program as the child of another process of it: it ends when its stdin does, so never later than its parent.

Command: python -m ollalog.cli.until_parent_ends tail ...
"""

from __future__ import annotations

import os
import signal
import threading


def _watch() -> None:
    """Wait for the end of stdin; then end this process as a person would."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_watch, name="parent", daemon=True).start()
    from ollalog.cli.main import main

    main()
