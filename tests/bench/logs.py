"""A made-up server log for the benchmarks: mixed, of any length, from a seed.

The mix is that of real logs: 39 % access lines, 9 % slog lines, 49 % lines of runners (loads and, of servers >= 0.30, timings that
fit their access line), the rest blank lines and progress dots. Times increase by about a day per 600,000 lines; every 200,000 lines
the server starts anew, in turns as 0.30.10 and 0.12.11. Every latency is drawn afresh, so no line is cheaper for having been seen.

Command: python -m tests.bench.logs server.log --lines 3000000
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench import measure
from tests.bench.shapes import BLOBS, CLIENTS, ENV, MESSAGES, METADATA, MODELS, POLLS, RARE, RUNS, TIMINGS

START = datetime(2026, 3, 2, 7, 0, 0, tzinfo=UTC)
STEP_S = 0.29
SESSION_LINES = 200_000
FLUSH_LINES = 20_000
OFFSET = "+01:00"


def go_duration(ns: int) -> str:
    """A duration as Go prints it and gin cuts it: 958ns, 66.5µs, 1.87ms, 12.650958875s, 1m12s."""
    if ns >= 60 * 10**9:
        minutes, seconds = divmod(ns // 10**9, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s"
    for unit, digits in (("s", 9), ("ms", 6), ("µs", 3)):
        if ns >= 10**digits:
            return f"{ns / 10**digits:.{digits}f}".rstrip("0").rstrip(".") + unit
    return f"{ns}ns" if ns else "0s"


@dataclass
class ServerLog:
    """A log in the making: its lines not yet written, its own clock, and how many lines of which kind it has."""

    rnd: random.Random
    lines: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    at_s: float = 0.0
    second: int = -1
    access_time: str = ""
    slog_time: str = ""
    task: int = 0

    def pass_time(self) -> None:
        """Let some time go by, and renew the texts of the time when its second has changed."""
        self.at_s += self.rnd.expovariate(1 / STEP_S)
        if int(self.at_s) != self.second:
            self.second = int(self.at_s)
            now = START + timedelta(seconds=self.second)
            self.access_time = f"[GIN] {now:%Y/%m/%d - %H:%M:%S} | "
            self.slog_time = f"time={now:%Y-%m-%dT%H:%M:%S}."

    def access(self, status: int, latency_ns: int, method: str, path: str) -> None:
        """Add one access line."""
        self.counts["access"] += 1
        client, quoted = self.rnd.choice(CLIENTS), path.replace('"', '\\"')
        self.lines.append(f'{self.access_time}{status:3d} | {go_duration(latency_ns):>13} | {client:>15} | {method:<7}  "{quoted}"')

    def slog(self, level: str, source: str, rest: str) -> None:
        """Add one slog line; `rest` is its message and attributes."""
        self.counts["slog"] += 1
        milliseconds = int(self.at_s * 1000) % 1000
        self.lines.append(f"{self.slog_time}{milliseconds:03d}{OFFSET} level={level} source={source} msg={rest}")

    def runner(self, lines: tuple[str, ...] | list[str]) -> None:
        """Add lines of a runner."""
        self.counts["runner"] += len(lines)
        self.lines.extend(lines)


def start(log: ServerLog, version: str) -> None:
    """A server start."""
    log.slog("INFO", "routes.go:1951", f'"server config" env="{ENV}"')
    log.slog("INFO", "routes.go:2008", f'"Listening on [::]:11434 (version {version})"')
    log.slog(
        "INFO",
        "types.go:50",
        '"inference compute" id=GPU-1e6bd4f2 library=CUDA total="12.0 GiB" available="11.3 GiB"',
    )


def poll(log: ServerLog) -> None:
    """A request that runs no generation, or one of the odd ones."""
    status, method, path, typical_ns = log.rnd.choice(RARE if log.rnd.random() < 0.02 else POLLS)
    log.access(status, int(typical_ns * log.rnd.uniform(0.6, 1.8)), method, path)


def run_without_timings(log: ServerLog) -> None:
    """A generation of an older server: its access line only."""
    log.access(200, int(log.rnd.lognormvariate(22, 1.1)), *log.rnd.choice(RUNS))


def run_with_timings(log: ServerLog) -> None:
    """A generation of a server >= 0.30: its slot lines, then the access line, which lasts a little longer."""
    rnd = log.rnd
    prompt, generated = rnd.randrange(20, 3900), max(2, int(rnd.lognormvariate(4.6, 0.8)))
    cached = rnd.randrange(prompt) if rnd.random() < 0.4 else 0
    read = prompt - cached
    prompt_ms, eval_ms = read / rnd.uniform(1.9, 2.6), generated * rnd.uniform(12.5, 33)
    log.task += generated + 3
    values: Mapping[str, object] = {
        "task": log.task,
        "prompt": prompt,
        "cached": cached,
        "read": f"{read:5d}",
        "generated": f"{generated:5d}",
        "tokens": f"{read + generated:5d}",
        "held": prompt + generated - 1,
        "prompt_ms": f"{prompt_ms:10.2f}",
        "eval_ms": f"{eval_ms:10.2f}",
        "total_ms": f"{prompt_ms + eval_ms:10.2f}",
        "prompt_rates": f"{prompt_ms / read:8.2f} ms per token, {read / prompt_ms * 1e3:8.2f} tokens per second",
        "eval_rates": f"{eval_ms / generated:8.2f} ms per token, {generated / eval_ms * 1e3:8.2f} tokens per second",
        "rate": f"{generated / eval_ms * 1e3:6.2f}",
    }
    log.runner(TIMINGS.substitute(values).split("\n"))
    log.access(200, int((prompt_ms + eval_ms + rnd.expovariate(0.4)) * 1e6), *rnd.choice(RUNS))


def load(log: ServerLog) -> None:
    """A model is loaded."""
    chosen, seconds = log.rnd.randrange(len(MODELS)), log.rnd.uniform(1.1, 9)
    log.slog("INFO", "server.go:109", f'"using llama-server for model" model={BLOBS[chosen]}')
    command = f"/usr/local/lib/ollama/llama-server --model {BLOBS[chosen]} --port {log.rnd.randrange(33000, 48000)} -c 4096 -np 1"
    log.slog("INFO", "llama_server.go:433", f'"starting llama-server" cmd="{command}"')
    log.slog("INFO", "llama_server.go:1295", '"waiting for llama-server to start responding"')
    log.runner(METADATA)
    log.counts["rest"] += 1
    log.lines.append("." * 92)
    log.slog("INFO", "llama_server.go:1362", f'"llama-server started in {seconds:.2f} seconds"')
    log.slog(
        "INFO",
        "images.go:381",
        f'"template selection" model=registry.ollama.ai/library/{MODELS[chosen]} selected=go_template renderer="" parser=""',
    )
    log.slog("INFO", "sched.go:728", f'"loaded runners" count={log.rnd.randrange(1, 4)}')


def say(log: ServerLog) -> None:
    """Some other slog line."""
    level, source, rest = log.rnd.choice(MESSAGES)
    log.slog(level, source, rest.format(blob=log.rnd.choice(BLOBS), number=log.rnd.randrange(10, 9999)))


def fall_silent(log: ServerLog) -> None:
    """A blank line or progress dots."""
    log.counts["rest"] += 1
    log.lines.append(log.rnd.choice(("", "", "." * 31)))


Event = Callable[[ServerLog], None]
SESSIONS: tuple[tuple[str, Mapping[Event, float]], ...] = (
    ("0.30.10", {run_with_timings: 1.8, poll: 37.2, load: 0.2, say: 7.6, fall_silent: 2.8}),
    ("0.12.11", {run_without_timings: 12, poll: 27, load: 1.25, say: 1, fall_silent: 1.8}),
)


def write_server_log(path: Path, lines: int, seed: int = 1) -> Counter[str]:
    """Write a mixed server log of exactly so many lines; how many there are of each kind (access, slog, runner, rest)."""
    log, written, sessions = ServerLog(random.Random(seed)), 0, 0  # noqa: S311 - no secret
    counts: Counter[str] = Counter()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        while written < lines:
            version, weights = SESSIONS[(written // SESSION_LINES) % 2]
            log.pass_time()
            if written == 0:
                poll(log)  # the log begins in mid-session, as a rotated one does; lnav takes the format of the first line it knows
            if written // SESSION_LINES == sessions:
                start(log, version)
                sessions += 1
            for event in log.rnd.choices(list(weights), list(weights.values()), k=FLUSH_LINES // 3):
                log.pass_time()
                event(log)
                if len(log.lines) >= FLUSH_LINES:
                    break
            block = log.lines[: min(FLUSH_LINES, lines - written)]
            file.write("\n".join(block) + "\n")
            written += len(block)
            log.lines = log.lines[len(block) :]
            counts.update(log.counts)
            log.counts.clear()
    counts["access"] = _count_access(path)
    return counts


def _count_access(path: Path) -> int:
    """Access lines of a log, counted from its bytes: what every reader of it has to find."""
    with path.open("rb") as file:
        return sum(line.startswith(b"[GIN] ") for line in file)


def main() -> None:
    """Write one log to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--lines", type=int, default=3_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    measure.say(str(dict(write_server_log(options.path, options.lines, options.seed))))


if __name__ == "__main__":
    main()
