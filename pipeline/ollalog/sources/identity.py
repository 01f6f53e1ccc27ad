"""Which stream this really is: hashes of its head and of the bytes before each committed position."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from ollalog.core.batch import Checkpoint, Source

HEAD_BYTES = 1024
TAIL_BYTES = 64


def fingerprint(data: bytes) -> str:
    """The hash of a head or tail, as the catalogue keeps it."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def checkpoint_at(offset: int, tail: bytes) -> Checkpoint:
    """The proof of content at an offset, from bytes that end there (at least TAIL_BYTES of them, fewer at the start)."""
    return Checkpoint(offset, fingerprint(tail[-TAIL_BYTES:]))


def same_head(source: Source, head: bytes) -> bool:
    """Whether a stream that begins with `head` (up to HEAD_BYTES of it) begins as the source did."""
    return len(head) >= source.head_bytes and fingerprint(head[: source.head_bytes]) == source.head_hash


def last_checkpoint(source: Source) -> Checkpoint | None:
    """The proof at the committed offset; None when the source has none there."""
    return next((proof for proof in source.checkpoints if proof.offset == source.offset), None)


def merged(known: Iterable[Checkpoint], new: Iterable[Checkpoint]) -> tuple[Checkpoint, ...]:
    """Both sets of proofs in order of their offsets, one for each."""
    proofs = {proof.offset: proof for proof in (*known, *new)}
    return tuple(proofs[offset] for offset in sorted(proofs))
