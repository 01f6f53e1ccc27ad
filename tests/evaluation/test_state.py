"""What waits between blocks stays bounded, whatever the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.evaluation import figures

COUNT = 200_000
BLOCK_BYTES = 4 << 20
STATE_LIMIT_CHARACTERS = 250_000
"""Room for 1,024 open runs and for the requests and runs of 2,000 lines."""
ACCESS = b'[GIN] 2026/11/20 - 16:%02d:%02d | 200 |   %3d.%06dms |      127.0.0.1 | POST     "/api/chat"\n'
BEGUN = (
    b"slot launch_slot_: id  %d | task %d | processing task, is_child = 0\n"
    b"slot   operator(): id  %d | task %d | new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = 29\n"
)
ENDED = (
    b"slot print_timing: id  %d | task %d | prompt eval time =       7.19 ms /    29 tokens "
    b"(    0.25 ms per token,  4031.70 tokens per second)\n"
    b"slot print_timing: id  %d | task %d |        eval time =      12.20 ms /    16 tokens "
    b"(    0.81 ms per token,  1229.41 tokens per second)\n"
    b"slot print_timing: id  %d | task %d |       total time = %9d.39 ms /    45 tokens\n"
    b"slot      release: id  %d | task %d | stop processing: n_tokens = 44, truncated = 0\n"
)


def requests() -> Iterator[bytes]:
    """Requests that have no runs."""
    for n in range(COUNT):
        yield ACCESS % (n // 60 % 60, n % 60, n % 900 + 1, n)


def runs() -> Iterator[bytes]:
    """Runs that have no requests."""
    for n in range(COUNT):
        yield BEGUN % ((n % 4, n) * 2) + ENDED % (n % 4, n, n % 4, n, n % 4, n, 19, n % 4, n)


def runs_without_end() -> Iterator[bytes]:
    """Runs that begin and are never heard of again."""
    for n in range(COUNT):
        yield BEGUN % ((n % 4, n) * 2)


def runs_too_long() -> Iterator[bytes]:
    """Requests among runs that took longer than any of them: every one is a neighbour, none a candidate."""
    for n in range(COUNT // 10):
        yield ENDED % (0, n, 0, n, 0, n, 90_000, 0, n) + ACCESS % (n // 60 % 60, n % 60, 1, n) * 3


def loads() -> Iterator[bytes]:
    """Models that are loaded one after the other, each with a run that does not end."""
    for n in range(COUNT // 10):
        yield (
            b'time=2026-11-20T16:46:53.0Z level=INFO source=llama_server.go:433 msg="starting llama-server" '
            b'cmd="/usr/lib/ollama/llama-server --model /root/.ollama/models/blobs/sha256-%064x --port 1"\n'
            b"srv    load_model: initializing, n_slots = 4, n_ctx_slot = 4096, kv_unified = 'false'\n"
        ) % n + BEGUN % ((0, n) * 2)


@pytest.mark.parametrize("lines", [requests, runs, runs_without_end, runs_too_long, loads])
def test_the_state_does_not_grow_with_the_log(lines: Callable[[], Iterator[bytes]]) -> None:
    sizes = [len(state.to_json()) for state in figures.states(b"".join(lines()), BLOCK_BYTES)]
    assert max(sizes) <= STATE_LIMIT_CHARACTERS
    assert max(sizes) <= 2 * sizes[0] + 20_000, "the first block already fills what may wait"
