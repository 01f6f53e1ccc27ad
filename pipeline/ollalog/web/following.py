"""The logs are followed by a process of its own: a busy server does not hold it up, nor it the server."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ollalog import store
from ollalog.core.errors import PipelineError

AGAIN_S = 5.0
GRACE_S = 1.0


class Following:
    """Runs `ollalog tail` while it is wanted and no other process writes to the store."""

    def __init__(
        self, root: Path, command: Callable[[float | None], Sequence[str]], say: Callable[[str], None], sample_s: float | None
    ) -> None:
        """Prepare; `start` begins.

        Args:
            root: The store's folder.
            command: Program and arguments that follow the logs, and end when their stdin does; sampling so often (None: not).
            say: Tells a person what happens.
            sample_s: Time between two samples of the host; s; None: none are taken.
        """
        self._root = root
        self._command = command
        self._sample_s = sample_s
        self._say = say
        self._child: subprocess.Popen[bytes] | None = None
        self._wanted = threading.Event()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_over = False
        self._note: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether the logs are followed by this service."""
        child = self._child
        return child is not None and child.poll() is None

    @property
    def sample_s(self) -> float | None:
        """Time between two samples of the host by this service; s; None: it takes none."""
        return self._sample_s if self.is_running else None

    def sample(self, every_s: float | None) -> None:
        """Sample the host so often from now on; None: no more. The logs are followed all the same."""
        if every_s == self._sample_s:
            return
        self._sample_s = every_s
        if self._wanted.is_set():
            self._end_child()
            self._wake()

    @property
    def note(self) -> str | None:
        """Why they are not, where something is in the way."""
        return None if self.is_running else self._note

    def start(self) -> None:
        """Follow, now or as soon as the store is free."""
        self._wanted.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="following", daemon=True)
            self._thread.start()
        self._wake()

    def stop(self) -> None:
        """Follow no more, until `start`; what was read is committed."""
        self._wanted.clear()
        self._end_child()
        self._wake()

    def close(self) -> None:
        """End for good."""
        self._is_over = True
        self.stop()
        if self._thread is not None:
            self._thread.join(GRACE_S)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._is_over:
            sample_s = self._sample_s
            if self._wanted.is_set():
                self._follow()
            with self._changed:
                if not self._is_over and sample_s == self._sample_s:
                    self._changed.wait(AGAIN_S)

    def _follow(self) -> None:
        """Run the child once, to its end; nothing where another process writes."""
        writer = holder(self._root)
        if writer is not None:
            self._tell(f"the logs are followed by {writer}; this service shows what it writes")
            return
        with self._changed:
            if self._is_over or not self._wanted.is_set():
                return
            # Its stdin is a pipe from here: when this process ends, however it ends, the child ends too.
            self._child = subprocess.Popen(list(self._command(self._sample_s)), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
            sample_s = self._sample_s
        code = self._child.wait()
        _close_stdin(self._child)
        if self._wanted.is_set() and not self._is_over and sample_s == self._sample_s:
            self._tell(f"following the logs ended with exit code {code}; it is begun again every {AGAIN_S:g} s")

    def _tell(self, note: str) -> None:
        if note != self._note:
            self._note = note
            self._say(note)

    def _end_child(self) -> None:
        with self._changed:
            child = self._child
        if child is None or child.poll() is not None:
            return
        _close_stdin(child)
        child.terminate()
        try:
            child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            child.kill()  # what is committed is whole, and the next run goes on from there
            child.wait()


def _close_stdin(child: subprocess.Popen[bytes]) -> None:
    """Let a child know that it is wanted no more; that it is gone already is fine."""
    if child.stdin is not None:
        with suppress(OSError, ValueError):
            child.stdin.close()


def holder(root: Path) -> str | None:
    """Who writes to the store, in words; None: nobody, or nobody knows."""
    with suppress(PipelineError):
        writer = store.writer_of(root)
        return None if writer is None else str(writer)
    return None
