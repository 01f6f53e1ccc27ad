"""How the bytes of a log are written down, and where its lines end: UTF-8 and everything like it, or UTF-16 with a mark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Coding:
    """One way to write text: its codec's name, its byte order mark, its newline; `unit` is the bytes of one code unit."""

    name: str
    mark: bytes
    newline: bytes
    unit: int

    def first_newline(self, data: bytes, start: int) -> int:
        """The index of the first newline at or after `start`, itself the beginning of a code unit; -1: none."""
        found = data.find(self.newline, start)
        while found >= 0 and (found - start) % self.unit:
            found = data.find(self.newline, found + 1)
        return found

    def last_newline(self, data: bytes, start: int, end: int) -> int:
        """The index of the last newline that lies whole within `start` to `end`; -1: none."""
        found = data.rfind(self.newline, start, end)
        while found >= 0 and (found - start) % self.unit:
            # One byte before the end of the misplaced find: the true one may overlap it.
            found = data.rfind(self.newline, start, found + len(self.newline) - 1)
        return found

    def whole(self, length_bytes: int) -> int:
        """The length without a code unit that is not all there."""
        return length_bytes - length_bytes % self.unit


_LOOK_BYTES = 16
PLAIN = Coding("utf-8", b"", b"\n", 1)
UNMARKED_UTF16 = (Coding("utf-16-le", b"", b"\n\0", 2), Coding("utf-16-be", b"", b"\0\n", 2))
MARKED = (
    Coding("utf-8", b"\xef\xbb\xbf", b"\n", 1),
    Coding("utf-16-le", b"\xff\xfe", b"\n\0", 2),
    Coding("utf-16-be", b"\xfe\xff", b"\0\n", 2),
)


def coding_of(head: bytes) -> Coding:
    """The coding that the first bytes of a log declare; without a byte order mark it is UTF-8, unless every other byte is a NUL."""
    return next((coding for coding in MARKED if head.startswith(coding.mark)), _unmarked(head[:_LOOK_BYTES]))


def _unmarked(head: bytes) -> Coding:
    """What a log without a mark is written in: a piece cut out of UTF-16 has NULs beside its ASCII, a hole has nothing else."""
    even, odd = head[::2], head[1::2]
    if len(head) < _LOOK_BYTES or any(even) == any(odd):
        return PLAIN
    zeros, others, coding = (odd, even, UNMARKED_UTF16[0]) if any(even) else (even, odd, UNMARKED_UTF16[1])
    return coding if not any(zeros) and all(others) else PLAIN
