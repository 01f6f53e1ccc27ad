"""Questions to the store, asked in few threads: each is asked once at a time, and its answer is kept while it is fresh."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ollalog import asking, store
from ollalog.asking import Scope
from ollalog.core.batch import Snapshot
from ollalog.core.clock import Clock
from ollalog.core.layout import StoreLayout
from ollalog.warehouse import Warehouse
from ollalog.web.kept import Kept, Opened
from ollalog.web.priority import LOWER, give_way
from ollalog.web.problems import BusyError

THREADS = 2
MOST_WAITING = 256
KEPT_BYTES = 32 << 20
TICK_NS = 50_000_000
"""Two writes of a file within so long may leave the same time on it."""
# An answer is given again for four times as long as it took, whatever was committed meanwhile: readers never take the machine.
FRESH_FACTOR, FRESH_S = 4.0, (0.5, 60.0)

Ask = Callable[[Warehouse], bytes]
AskLines = Callable[[Warehouse], Iterator[bytes]]
Marks = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Question:
    """What is asked of which range and machine; `is_plain`: it only reads, so that others can be asked in the same warehouse after it."""

    scope: Scope
    ask: AskLines
    is_plain: bool = False


class Job:
    """One question while it is asked and after: lines that come one by one, in order, to any number of readers."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.lines: list[bytes] = []
        self.failure: BaseException | None = None
        self.is_done = False
        self.took_s = 0.0
        self.ended_s = 0.0
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def put(self, line: bytes) -> None:
        """Add a line; from any thread."""
        self._tell(lambda: self.lines.append(line))

    def end(self, failure: BaseException | None, took_s: float) -> None:
        """No more lines come; from any thread."""

        def finish() -> None:
            self.failure, self.is_done, self.took_s, self.ended_s = failure, True, took_s, time.monotonic()

        self._tell(finish)

    def _tell(self, change: Callable[[], None]) -> None:
        def apply() -> None:
            change()
            self._changed.set()
            self._changed = asyncio.Event()

        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(apply)

    async def follow(self) -> AsyncIterator[bytes]:
        """The lines as they come; raises what ended the question."""
        place = 0
        while True:
            while place < len(self.lines):
                yield self.lines[place]
                place += 1
            if self.is_done:
                if self.failure is not None:
                    raise self.failure
                return
            await self._changed.wait()

    async def whole(self) -> bytes:
        """All lines together."""
        return b"".join([line async for line in self.follow()])

    def is_fresh(self, batch: int) -> bool:
        """Whether its answer may be given again now that `batch` is the last."""
        if not self.is_done:
            return True
        least, most = FRESH_S
        age_s = time.monotonic() - self.ended_s
        return self.failure is None and (self.batch == batch or age_s < min(max(least, FRESH_FACTOR * self.took_s), most))


class Reader:
    """Asks one store. Used by the one event loop; the questions are asked in threads of lower priority."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ask", initializer=give_way, initargs=(LOWER,))
        self._sql_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sql", initializer=give_way, initargs=(LOWER,))
        self._open: set[Warehouse] = set()
        self._kept = Kept()
        self._lock = threading.Lock()
        self._waiting = 0
        self._is_closed = False
        self._batch_marks: Marks | None = None
        self._last_batch = 0
        self._snapshot: Snapshot | None = None

    async def answer(self, name: Hashable, scope: Scope, ask: Ask) -> bytes:
        """The answer to one question; the same one when it was asked before and is fresh."""
        return await self.job((name, scope), scope, _whole(ask)).whole()

    async def plain_answer(self, name: Hashable, scope: Scope, ask: Ask) -> bytes:
        """As `answer`, in a warehouse that others were asked in before: `ask` only reads from it, and keeps or locks nothing."""
        return await self._job((name, scope), Question(scope, _whole(ask), is_plain=True), self._pool).whole()

    def job(self, key: Hashable, scope: Scope, ask: AskLines) -> Job:
        """The question of this key, answered line by line: a new one, or the one that is being asked, or was lately.

        Raises:
            BusyError: too many wait already.
        """
        return self._job(key, Question(scope, ask), self._pool)

    def _job(self, key: Hashable, question: Question, pool: ThreadPoolExecutor) -> Job:
        batch = self.batch()
        known = self._jobs.get(key)
        # Who asks a query of their own again after a commit wants to see the commit.
        if known is not None and known.is_fresh(batch) and (pool is self._pool or known.batch == batch):
            self._jobs.move_to_end(key)
            return known
        job = Job(batch)
        self._submit(pool, job, question)
        self._jobs[key] = job
        self._jobs.move_to_end(key)
        self._forget()
        return job

    async def query(self, name: Hashable, scope: Scope, ask: Ask) -> bytes:
        """The answer to a person's own query, as `answer`. It waits for other such queries only."""
        return await self._job((name, scope), Question(scope, _whole(ask)), self._sql_pool).whole()

    async def once(self, scope: Scope, ask: Ask) -> bytes:
        """The answer to a question of ours that is not kept, as `plain_answer`."""
        job = Job(0)
        self._submit(self._pool, job, Question(scope, _whole(ask), is_plain=True))
        return await job.whole()

    def marks(self) -> Marks:
        """What changes with each commit: when the files of the catalogue were written last, and their sizes. Costs microseconds."""
        found = []
        catalog = StoreLayout(self._root).catalog
        for file in (catalog, catalog.with_name(catalog.name + "-wal")):
            try:
                seen = file.stat()
            except OSError:
                continue
            found.append((seen.st_mtime_ns, seen.st_size))
        return tuple(found)

    def batch(self) -> int:
        """Number of the last commit; the catalogue is asked only when it was written."""
        marks = self.marks()
        if marks != self._batch_marks:
            now_ns = time.time_ns()
            self._last_batch = store.last_batch(self._root)
            self._batch_marks = marks if _is_settled(marks, now_ns) else None
        if self._kept.has_old(marks, time.monotonic()):
            self._pool.submit(self._kept.drop_old, marks, time.monotonic())
        return self._last_batch

    async def snapshot(self) -> Snapshot:
        """The store as of its last commit."""
        if self._snapshot is None or self._snapshot.batch != self.batch():
            self._snapshot = await asyncio.to_thread(store.read_snapshot, self._root)
        return self._snapshot

    def close(self) -> None:
        """End every question that is being asked or waits; whoever waits is told."""
        with self._lock:
            self._is_closed = True
            waiting = list(self._open)
        for house in waiting:
            house.interrupt()
        self._kept.close()
        self._pool.shutdown(wait=False)
        self._sql_pool.shutdown(wait=False)

    def _submit(self, pool: ThreadPoolExecutor, job: Job, question: Question) -> None:
        self._check_open()
        if self._waiting >= MOST_WAITING:
            raise BusyError("too many questions wait for an answer", found=str(self._waiting), fix="try again in a few seconds")
        with self._lock:
            self._waiting += 1
        pool.submit(self._run, job, question)

    def _check_open(self) -> None:
        if self._is_closed:
            raise _ending()

    def _run(self, job: Job, question: Question) -> None:
        began_s = time.monotonic()
        failure: BaseException | None = None
        try:
            self._check_open()
            for line in self._lines(question):
                self._check_open()
                job.put(line)
        except BaseException as fault:  # noqa: BLE001 - polars' panics are no Exception; whoever waits is told
            failure = _ending() if self._is_closed else fault
        finally:
            with self._lock:
                self._waiting -= 1
            job.end(failure, time.monotonic() - began_s)

    def _lines(self, question: Question) -> Iterator[bytes]:
        """Lines of a question; asked again, of the store opened anew, when a part was merged away before the first."""
        from ollalog.warehouse import PartGoneError

        has_begun = False
        try:
            with self._shared(question.scope) if question.is_plain else self._alone(question.scope) as house:
                for line in question.ask(house):
                    has_begun = True
                    yield line
        except PartGoneError:
            if has_begun:
                raise
            with self._alone(question.scope) as house:
                yield from question.ask(house)

    @contextmanager
    def _alone(self, scope: Scope) -> Iterator[Warehouse]:
        """A warehouse for one question."""
        with asking.opened(self._root, scope, self._clock.now_utc()) as house, self._asked(house):
            yield house

    @contextmanager
    def _shared(self, scope: Scope) -> Iterator[Warehouse]:
        """A warehouse that is kept after the question, and may have been before; one that a question failed in is not."""
        scope, marks, now_ns, now_s = replace(scope, model=None), self.marks(), time.time_ns(), time.monotonic()
        opened = self._kept.take(scope, marks, now_s)
        if opened is None:
            opened = Opened(asking.opened(self._root, scope, self._clock.now_utc()), scope, marks, now_s)
        with ExitStack() as closing:
            closing.enter_context(opened.house)
            with self._asked(opened.house):
                yield opened.house
            if _is_settled(marks, now_ns):
                self._kept.put(opened)
                closing.pop_all()

    @contextmanager
    def _asked(self, house: Warehouse) -> Iterator[None]:
        """While a question is asked it can be ended."""
        with self._lock:
            self._check_open()
            self._open.add(house)
        try:
            house.use_threads(1 if self._waiting > 1 else None)
            yield
        finally:
            with self._lock:
                self._open.discard(house)

    def _forget(self) -> None:
        """Drop the answers that were asked for longest ago, beyond the room that there is for them."""
        size = sum(len(line) for job in self._jobs.values() for line in job.lines)
        for key, job in list(self._jobs.items()):
            if size <= KEPT_BYTES and len(self._jobs) <= MOST_WAITING:
                return
            if job.is_done:
                size -= sum(map(len, job.lines))
                del self._jobs[key]


def _whole(ask: Ask) -> AskLines:
    return lambda house: iter((ask(house),))


def _is_settled(marks: Marks, now_ns: int) -> bool:
    """Whether a commit from now on changes the marks: one in the same tick of the file system's clock would leave the same ones."""
    return all(now_ns - written_ns > TICK_NS for written_ns, _ in marks)


def _ending() -> BusyError:
    return BusyError("the service ends", fix="start it again")
