"""Following: from the bytes in the file to the committed row, and to the committed alert, at several rates; an idle tail; a long run.

Command: python -m tests.bench.bench_tail --rates 1000 100000 --seconds 20 --growth-minutes 30

The log's writer stamps every write; another process looks at the catalogue every millisecond for positions that are committed. Beside
it `tail -F | grep --line-buffered`, the floor, of which the time when a line comes out of the pipe is taken, and mtail, whose counter
is asked for over HTTP.
"""

from __future__ import annotations

import argparse
import array
import http.client
import json
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench import measure
from tests.bench.stamping import access_line

ROOT = Path(__file__).resolve().parents[2]
LOOK_S = 0.001
Seen = list[tuple[int, int]]
"""Nanoseconds of the system's clock, and how many bytes (or lines) had arrived by then; both ascending."""


@dataclass(frozen=True)
class Usage:
    """CPU seconds since the start, resident memory, open files of a process."""

    cpu_s: float
    resident_bytes: int
    open_files: int

    @staticmethod
    def of(pid: int) -> Usage:
        """What the system says now."""
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        resident = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        return Usage(cpu_s, resident, sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all, print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="*", default=[1_000, 100_000], help="lines per second")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each rate is written")
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    parser.add_argument("--growth-minutes", type=float, default=2.0)
    parser.add_argument("--only", action="append", choices=["latency", "alerts", "idle", "growth"], default=[])
    options = parser.parse_args(arguments)
    wanted = options.only or ["latency", "alerts", "idle", "growth"]
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        if "latency" in wanted:
            print_latency(Path(name), options.rates, options.seconds)
        if "alerts" in wanted:
            print_alerts(Path(name), options.rates, options.seconds)
        if "idle" in wanted:
            print_idle(Path(name), options.idle_seconds)
        if "growth" in wanted:
            print_growth(Path(name), options.growth_minutes)


def print_latency(folder: Path, rates: Sequence[int], seconds: float) -> None:
    """One row per program and rate: percentiles of the time from write to arrival, CPU share of one core, bytes never seen."""
    followers: dict[str, Callable[[Path, Path], _Follower]] = {"ollalog tail": _Ollalog, "tail -F | grep": _Grep}
    if shutil.which("mtail"):
        followers["mtail"] = _Mtail
    rows = []
    for rate in rates:
        for name, follow in followers.items():
            place = folder / f"{name.split()[0]}-{rate}"
            place.mkdir()
            log = place / "server.log"
            log.touch()
            with follow(log, place).running() as follower:
                before = Usage.of(follower.pid)
                stamps = _written(log, rate, seconds, place / "stamps")
                follower.wait_for_end(log)
                after = Usage.of(follower.pid)
            late = _latencies_ms(stamps, follower.seen, by_lines=follower.counts_lines)
            share = (after.cpu_s - before.cpu_s) / seconds
            spread = statistics.quantiles(late, n=100)
            figures = (f"{spread[49]:,.0f}", f"{spread[98]:,.0f}", f"{max(late):,.0f}", f"{share:.1%}")
            rows.append((name, f"{rate:,}", *figures, f"{after.resident_bytes / measure.MIB:,.0f}"))
    measure.print_table(("program", "lines/s", "p50 ms", "p99 ms", "max ms", "CPU of one core", "MiB"), rows)


MARKED = """-- [alert]
-- needs    = ["recent_requests"]
-- severity = "low"
-- summary  = "{client} was marked"
-- labels   = ["client"]
-- [columns]
-- tick   = "instant; UTC"
-- client = "address"
-- value  = "requests; count"
SELECT tick, client, count(*) AS value FROM recent_requests WHERE status = 418 GROUP BY ALL
"""


def print_alerts(folder: Path, rates: Sequence[int], seconds: float) -> None:
    """From the bytes of a marked line in the file to the committed change of the alert that it makes, all default rules beside."""
    rows = []
    for rate in rates:
        place = folder / f"alerts-{rate}"
        (place / "rules").mkdir(parents=True)
        (place / "rules" / "marked.sql").write_text(MARKED, encoding="utf-8")
        log = place / "server.log"
        log.touch()
        with _tail(place / "store", log, "--rules", str(place / "rules")) as tail:
            _wait_until((place / "store" / "catalog.sqlite").exists)
            threading.Event().wait(1.5)
            ends = threading.Event()
            fired: dict[str, int] = {}
            watcher = threading.Thread(target=_watch_alerts, args=(place / "store", fired, ends))
            watcher.start()
            before = Usage.of(tail.pid)
            marks: dict[str, int] = {}
            marker = threading.Thread(target=_mark, args=(log, marks, seconds))
            marker.start()
            _written(log, rate, seconds, place / "stamps")
            marker.join()
            after = Usage.of(tail.pid)
            with suppress(measure.ProgramFailedError):
                _wait_until(lambda marks=marks, fired=fired: marks.keys() <= fired.keys(), 10)  # type: ignore[misc]
            ends.set()
            watcher.join()
        late = sorted((fired[client] - at_ns) / 1e6 for client, at_ns in marks.items() if client in fired)
        spread = statistics.quantiles(late, n=100)
        figures = (f"{spread[49]:,.0f}", f"{spread[98]:,.0f}", f"{late[-1]:,.0f}")
        share = (after.cpu_s - before.cpu_s) / seconds
        missed = len(marks) - len(late)
        rows.append((f"{rate:,}", str(len(marks)), str(missed), *figures, f"{share:.1%}", f"{after.resident_bytes / measure.MIB:,.0f}"))
    measure.print_table(("lines/s", "alerts", "missed", "p50 ms", "p99 ms", "max ms", "CPU of one core", "MiB"), rows)


def _mark(log: Path, marks: dict[str, int], seconds: float) -> None:
    """Write a line of a client of its own now and then; when each was written."""
    pause = threading.Event()
    pause.wait(1.5)  # the first rows make the tail ready
    ends_s = time.monotonic() + seconds - 2
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    while time.monotonic() < ends_s:
        client = f"10.0.{len(marks) // 250}.{len(marks) % 250}"
        clock = time.strftime("%Y/%m/%d - %H:%M:%S", time.gmtime())
        os.write(file, f'[GIN] {clock} | 418 | 1.512ms | {client} | POST "/api/chat"\n'.encode())
        marks[client] = time.time_ns()
        pause.wait(0.073)
    os.close(file)


def _watch_alerts(store: Path, fired: dict[str, int], ends: threading.Event) -> None:
    """When each client's alert was first among the committed states."""
    connection = sqlite3.connect(f"file:{store}/catalog.sqlite?mode=ro", uri=True, isolation_level=None)
    version = -1
    while not ends.wait(LOOK_S):
        found = connection.execute("PRAGMA data_version").fetchone()[0]
        if found != version:
            version = found
            told = connection.execute("SELECT value FROM meta WHERE key = 'live alerts'").fetchone()
            now_ns = time.time_ns()
            for rule, labels, *_ in json.loads(told[0])["states"] if told else ():
                if rule == "marked":
                    fired.setdefault(labels[0][1], now_ns)
    connection.close()


def print_idle(folder: Path, seconds: float) -> None:
    """What a tail of 20 files costs while nothing happens."""
    place = folder / "idle"
    place.mkdir()
    for number in range(20):
        lines = range(number * 2_000, (number + 1) * 2_000)  # equal files would be one source
        (place / f"gpu{number}.log").write_bytes(b"".join(map(access_line, lines)))
    with _tail(place / "store", place) as tail:
        _wait_until(lambda: len(_offsets(place / "store")) == 20)
        threading.Event().wait(15)  # until the timer has backed off
        before = Usage.of(tail.pid)
        threading.Event().wait(seconds)
        after = Usage.of(tail.pid)
    share = (after.cpu_s - before.cpu_s) / seconds
    figures = (f"{share:.2%}", f"{after.resident_bytes / measure.MIB:,.0f}", f"{after.open_files}")
    measure.print_table(("idle tail of 20 files", "CPU of one core", "MiB", "open files"), [(f"{seconds:.0f} s", *figures)])


def print_growth(folder: Path, minutes: float) -> None:
    """Memory, open files and the store of a tail that is written to at 1,000 lines/s, with a rotation every twentieth of the time."""
    place = folder / "growth"
    place.mkdir()
    log = place / "server.log"
    log.touch()
    rows = []
    with _tail(place / "store", place) as tail:
        for step in range(20):
            _written(log, 1_000, minutes * 60 / 20, place / "stamps")
            for older in range(4, 0, -1):
                with suppress(FileNotFoundError):
                    (place / f"server-{older}.log").rename(place / f"server-{older + 1}.log")
            log.rename(place / "server-1.log")
            log.touch()
            usage = Usage.of(tail.pid)
            files = [path.stat().st_size for path in (place / "store").rglob("*") if path.is_file()]
            figures = (f"{usage.cpu_s:,.1f}", f"{usage.resident_bytes / measure.MIB:,.0f}", f"{usage.open_files}")
            rows.append((f"{(step + 1) * minutes / 20:,.1f}", *figures, f"{len(files):,}", f"{sum(files) / measure.MIB:,.0f}"))
    measure.print_table(("minutes", "CPU s", "MiB", "open files", "files of the store", "MiB of the store"), rows)


def _written(log: Path, rate: int, seconds: float, stamps: Path) -> Seen:
    """Write at a rate; when which length was reached."""
    subprocess.run([sys.executable, "-m", "tests.bench.stamping", str(log), str(rate), str(seconds), str(stamps)], cwd=ROOT, check=True)
    told = array.array("q", stamps.read_bytes())
    return list(zip(told[1::2], told[::2], strict=True))


def _latencies_ms(stamps: Seen, seen: Seen, *, by_lines: bool) -> list[float]:
    """How long after each write all of it had arrived; infinite where it never did."""
    line_bytes = 91 if by_lines else 1
    arrived = [count * line_bytes for _, count in seen]
    late = []
    for written_ns, length_bytes in stamps:
        place = bisect_left(arrived, length_bytes)
        late.append((seen[place][0] - written_ns) / 1e6 if place < len(seen) else float("inf"))
    return late


class _Follower:
    """A program that follows a log, and what arrived when."""

    counts_lines = False

    def __init__(self, log: Path, place: Path) -> None:
        self.log, self.place = log, place
        self.seen: Seen = []
        self.pid = 0
        self._ends = threading.Event()

    @contextmanager
    def running(self) -> Iterator[_Follower]:
        """It follows, and a thread looks what arrives."""
        with self.started():
            watcher = threading.Thread(target=self.watch)
            watcher.start()
            try:
                yield self
            finally:
                self._ends.set()
                watcher.join()

    @contextmanager
    def started(self) -> Iterator[None]:
        """The program runs, and is ready."""
        yield

    def watch(self) -> None:
        """Look until the end."""
        while not self._ends.wait(LOOK_S):
            count = self.arrived()
            if not self.seen or count > self.seen[-1][1]:
                self.seen.append((time.time_ns(), count))

    def arrived(self) -> int:
        """Bytes, or lines, that have arrived."""
        return 0

    def wait_for_end(self, log: Path) -> None:
        """Until all of the log has arrived."""
        size_bytes = log.stat().st_size
        wanted = size_bytes // 91 if self.counts_lines else size_bytes
        _wait_until(lambda: bool(self.seen) and self.seen[-1][1] >= wanted)


class _Ollalog(_Follower):
    """`ollalog tail`: what is committed."""

    @contextmanager
    def started(self) -> Iterator[None]:
        store = self.place / "store"
        with _tail(store, self.log) as tail:
            self.pid = tail.pid
            _wait_until((store / "catalog.sqlite").exists)
            threading.Event().wait(1.5)
            yield

    def watch(self) -> None:
        connection = sqlite3.connect(f"file:{self.place}/store/catalog.sqlite?mode=ro", uri=True, isolation_level=None)
        version = -1
        while not self._ends.wait(LOOK_S):
            found = connection.execute("PRAGMA data_version").fetchone()[0]
            if found != version:
                version = found
                count = connection.execute("SELECT coalesce(max(byte_offset), 0) FROM sources").fetchone()[0]
                self.seen.append((time.time_ns(), count))
        connection.close()


class _Grep(_Follower):
    """`tail -F | grep --line-buffered`: what comes out of the pipe."""

    @contextmanager
    def started(self) -> Iterator[None]:
        with subprocess.Popen(["tail", "-F", "-n", "+1", str(self.log)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tail:
            grep = subprocess.Popen(["grep", "--line-buffered", "GIN"], stdin=tail.stdout, stdout=subprocess.PIPE)
            assert grep.stdout is not None
            self.pid, self._out = grep.pid, grep.stdout
            yield
            tail.terminate()
            grep.wait()
            grep.stdout.close()

    def watch(self) -> None:
        os.set_blocking(self._out.fileno(), False)
        count = 0
        while not self._ends.is_set():
            data = self._out.read(1 << 20)
            if data:
                count += len(data)
                self.seen.append((time.time_ns(), count))
            else:
                self._ends.wait(LOOK_S)


class _Mtail(_Follower):
    """mtail: the sum of its counters."""

    counts_lines = True

    @contextmanager
    def started(self) -> Iterator[None]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._address = f"127.0.0.1:{port}"
        program = Path(__file__).with_name("ollama.mtail")
        command = ["mtail", "--progs", str(program), "--logs", str(self.log), "--address", "127.0.0.1", "--port", str(port)]
        with subprocess.Popen([*command, "--log_dir", str(self.place)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as mtail:
            self.pid = mtail.pid
            _wait_until(lambda: self.arrived() >= 0)
            yield
            mtail.terminate()

    def arrived(self) -> int:
        try:
            connection = http.client.HTTPConnection(self._address, timeout=5)
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
            connection.close()
        except OSError:
            return -1
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in text.splitlines() if line.startswith("requests_total{"))


@contextmanager
def _tail(store: Path, log: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [measure.ollalog(), "tail", "--store", str(store), "--timezone", "UTC", str(log), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as tail:
        try:
            yield tail
        finally:
            tail.terminate()


def _offsets(store: Path) -> list[int]:
    if not (store / "catalog.sqlite").exists():
        return []
    connection = sqlite3.connect(f"file:{store}/catalog.sqlite?mode=ro", uri=True)
    try:
        return [row[0] for row in connection.execute("SELECT byte_offset FROM sources")]
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def _wait_until(holds: Callable[[], bool], for_s: float = 120) -> None:
    ends = time.monotonic() + for_s
    while not holds():
        if time.monotonic() > ends:
            raise measure.ProgramFailedError("it did not come about in time")
        threading.Event().wait(0.02)


if __name__ == "__main__":
    main()
