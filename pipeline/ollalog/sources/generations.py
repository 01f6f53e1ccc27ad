"""The place of every log in its family: generation, predecessor, reading order, and whether its end is final."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ollalog.core.batch import Source
from ollalog.sources.chain import NAMELESS_AGE
from ollalog.sources.claims import Claim
from ollalog.sources.found import FoundLog
from ollalog.sources.identity import HEAD_BYTES, fingerprint
from ollalog.sources.item import PlanItem
from ollalog.sources.streams import FileId


class Generations:
    """Numbers new sources and puts what is to be read in order; `remarks` tells of logs that began anew."""

    def __init__(self, known: Sequence[Source], *, host: str, next_id: int) -> None:
        self.remarks: list[str] = []
        self._latest: dict[str, Source] = {}
        for source in sorted(known, key=lambda source: (source.generation, source.id)):
            self._latest[source.family] = source
        self._moved: dict[str, str] = {}
        self._nameless: set[int] = set()
        self._host = host
        self._next_id = next_id

    def items(self, claims: Sequence[Claim]) -> list[PlanItem]:
        """Everything there is to read: families in the order found, in each the oldest generation first."""
        self._moved = self._moves(claims)
        self._nameless = {claim.source.id for claim in claims if claim.source and claim.log.chain.age[0] == NAMELESS_AGE}
        families = {family: place for place, family in enumerate(dict.fromkeys(map(self._family, claims)))}
        ordered = sorted(claims, key=lambda claim: (families[self._family(claim)], self._age(claim)))
        claimed = {claim.source.id for claim in claims if claim.source is not None}
        return [self._item(claim, claimed) for claim in ordered]

    def _item(self, claim: Claim, claimed: set[int]) -> PlanItem:
        log = claim.log
        gap_bytes: int | None = 0
        if claim.source is not None:
            source = _as_found(claim.source, log, keeps_name=claim.keeps_name)
        else:
            predecessor = self._latest.get(self._family(claim))
            source = self._new(claim, predecessor)
            gap_bytes = self._gap_bytes(claim, predecessor, claimed)
            claimed.add(source.id)
        return PlanItem(source, log.stream, log.head, log.size_bytes, not log.chain.live, gap_bytes)

    def _new(self, claim: Claim, predecessor: Source | None) -> Source:
        log, family = claim.log, self._family(claim)
        if predecessor is not None and predecessor.offset == 0 and predecessor.path == log.path:
            # Nothing of it was ever committed, so it may as well be this one.
            return _as_found(predecessor, log)
        source = Source(
            id=self._next_id,
            family=family,
            path=log.path,
            kind=log.stream.kind,
            generation=0 if predecessor is None else predecessor.generation + 1,
            predecessor=None if predecessor is None else predecessor.id,
            host=self._host,
        )
        self._next_id += 1
        self._latest[family] = source
        return _as_found(source, log)

    def _gap_bytes(self, claim: Claim, predecessor: Source | None, claimed: set[int]) -> int | None:
        """Unknown when the generation before is nowhere to be seen: it may have grown since it was read."""
        if predecessor is None or predecessor.offset == 0:
            return 0
        # It dropped off the end of its chain, and so may have others that nobody ever saw.
        is_dropped = predecessor.id in self._nameless and not claim.log.chain.live
        if not is_dropped and (predecessor.id in claimed or _is_rotated_and_there(predecessor)):
            return 0
        if claim.log.chain.live:
            self.remarks.append(f"{claim.log.path}: was replaced or cut since it was last read; it is read from its beginning")
        return None

    def _moves(self, claims: Sequence[Claim]) -> dict[str, str]:
        """Families whose logs are now elsewhere, by where they are: a chain that was moved or restored stays one family."""
        moves: dict[str, str] = {}
        for claim in claims:
            place = claim.log.chain.family
            if claim.source is not None and not claim.keeps_name and Path(claim.source.family).name == place.name:
                moves[str(place)] = claim.source.family
        return {place: family for place, family in moves.items() if place not in self._latest}

    def _family(self, claim: Claim) -> str:
        if claim.source is not None:
            return claim.source.family
        place = str(claim.log.chain.family)
        return self._moved.get(place, place)

    def _age(self, claim: Claim) -> tuple[tuple[int, int, int], int]:
        """Oldest first; what was renamed out of its family is older than all that still has its name."""
        place = str(claim.log.chain.family)
        strayed = self._moved.get(place, place) != self._family(claim)
        generation = claim.source.generation if claim.source is not None else 0
        return ((-1, 0, 0) if strayed else claim.log.chain.age, generation)


def _is_rotated_and_there(source: Source) -> bool:
    """Whether a source that is not looked at now lies where it was last seen, under the name of a rotated file."""
    if source.path == source.family or source.kind == "stdin":
        return source.path != source.family
    try:
        return FileId.of(Path(source.path).stat()) == FileId(source.device or 0, source.inode or 0)
    except OSError:
        return False


def _as_found(source: Source, log: FoundLog, *, keeps_name: bool = False) -> Source:
    """The source with the name and inode by which it can be found next time; with its head when nothing is committed yet."""
    if source.offset == 0:
        head = log.head[:HEAD_BYTES]
        source = replace(source, head_bytes=len(head), head_hash=fingerprint(head))
    if keeps_name or log.file_id is None:
        return source
    return replace(source, path=log.path, device=log.file_id.device, inode=log.file_id.inode)
