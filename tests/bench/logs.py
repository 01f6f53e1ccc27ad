"""Made-up logs for the benchmarks: one mixed server log, and one performance.jsonl, of any length, from a seed.

The mix is that of real logs: 39 % access lines, 9 % slog lines, 49 % lines of runners (loads and, of servers >= 0.30, timings that
fit their access line), the rest blank lines and progress dots. Times increase by about a day per 600,000 lines; every 200,000 lines
the server starts anew, in turns as 0.30.10 and 0.12.11. Every latency is drawn afresh, so no line is cheaper for having been seen.

Command: python -m tests.bench.logs server.log --lines 3000000
"""

from __future__ import annotations

import argparse
import json
import random
import string
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 3, 2, 7, 0, 0, tzinfo=UTC)
STEP_S = 0.29
SESSION_LINES = 200_000
FLUSH_LINES = 20_000
OFFSET = "+01:00"
MODELS = ("llama3.1:8b", "qwen2.5:7b", "qwen2.5:14b", "gemma3:4b", "mistral-nemo:12b")
CLIENTS = (
    ("127.0.0.1",) * 5
    + ("192.168.1.40",) * 4
    + ("192.168.1.52", "10.0.0.17", "::1", "::1", "fd00::1234", "2001:0db8:1111:2222:3333:4444:5555:6666")
)
BLOBS = tuple(f"/usr/share/ollama/.ollama/models/blobs/sha256-{seed:064x}" for seed in range(0x6F0E2B1C, 0x6F0E2B1C + len(MODELS)))
POLLS = (
    (200, "HEAD", "/", 30_000), (200, "GET", "/api/tags", 1_200_000), (200, "GET", "/api/tags", 1_200_000), (200, "GET", "/api/ps", 60_000),
    (200, "GET", "/api/version", 40_000), (200, "POST", "/api/show", 21_000_000), (200, "GET", "/v1/models", 2_100_000),
    (200, "POST", "/api/embed", 90_000_000), (200, "POST", "/api/embed", 400_000_000), (200, "POST", "/v1/embeddings", 70_000_000),
    (404, "POST", "/api/chat", 900_000), (400, "POST", "/api/generate", 90_000), (404, "GET", "/favicon.ico", 1_900),
)  # fmt: skip
RARE = (
    (503, "POST", "/api/chat", 1_100_000), (499, "POST", "/api/chat", 2_900_000_000), (500, "POST", "/api/generate", 30_000_300_000),
    (200, "POST", "/api/generate", 95_000_000_000), (200, "POST", "/api/pull", 210_000_000_000), (405, "GET", "/api/generate", 2_500),
    (404, "GET", "/a|b|c", 1_500), (404, "GET", '/say/"hello"', 1_500), (200, "GET", "/api/tags?verbose=1&x=a%20b", 800_000),
    (204, "OPTIONS", "/api/chat", 61_000), (200, "GET", "/v1/models/llama3.1:8b", 4_100_000),
    (201, "POST", "/api/blobs/sha256:" + "0123456789abcdef" * 4, 44_000_000), (404, "GET", "/ünïcødé/路径", 2_100),
)  # fmt: skip
RUNS = (("POST", "/api/chat"), ("POST", "/api/chat"), ("POST", "/api/generate"), ("POST", "/v1/chat/completions"))
MESSAGES = (
    ("INFO", "sched.go:1147", '"disabling mmap for llama-server load by default" model={blob} reason=cpu'),
    ("WARN", "llama_server.go:317", '"truncating input prompt" limit=4096 prompt={number} keep=5 new=4096'),
    ("WARN", "server.go:114", '"requested context size too large for model" num_ctx=131072 n_ctx_train={number}'),
    ("INFO", "llama_server.go:1538", '"aborting completion request due to client closing the connection"'),
    ("INFO", "sched.go:613", '"system memory" total="62.7 GiB" free="{number}.4 GiB" free_swap="8.0 GiB"'),
    (
        "INFO",
        "sched.go:620",
        '"gpu memory" id=GPU-1e6bd4f2 library=CUDA available="{number} MiB" free="11.4 GiB" minimum="457.0 MiB" overhead="0 B"',
    ),
    ("WARN", "types.go:800", '"invalid option provided" option=opt{number}'),
    ("INFO", "images.go:1314", r'"request failed: Get \"https://registry.ollama.ai/v2/library/x{number}/manifests/latest\": EOF"'),
    ("ERROR", "llama_server.go:1023", '"llama-server terminated" error="signal: killed" exit=unknown'),
)
TIMINGS = string.Template("""\
slot launch_slot_: id  0 | task $task | processing task, is_child = 0
slot   operator(): id  0 | task $task | new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = $prompt
slot   operator(): id  0 | task $task | cached n_tokens = $cached, memory_seq_rm [$cached, end)
slot init_sampler: id  0 | task $task | init sampler, took 0.07 ms, tokens: text = $prompt, total = $prompt
slot print_timing: id  0 | task $task | n_decoded =  $generated, tg = $rate t/s, tg_3s = $rate t/s
slot print_timing: id  0 | task $task | prompt eval time = $prompt_ms ms / $read tokens ($prompt_each ms per token, $prompt_speed tokens per second)
slot print_timing: id  0 | task $task |        eval time = $eval_ms ms / $generated tokens ($eval_each ms per token, $speed tokens per second)
slot print_timing: id  0 | task $task |       total time = $total_ms ms / $tokens tokens
slot print_timing: id  0 | task $task |    graphs reused =      $generated
slot      release: id  0 | task $task | stop processing: n_tokens = $held, truncated = 0
srv  update_slots: all slots are idle""")
METADATA = tuple(
    [
        f"llama_model_loader: - kv {n:3d}: {key:>38} u32              = {n * 1024}"
        for n, key in enumerate(("llama.block_count", "llama.context_length") * 6)
    ]
    + [
        f"print_info: {key:<21} = {n}"
        for n, key in enumerate(("arch", "n_ctx_train", "n_embd", "n_layer", "n_head", "n_head_kv", "model type", "n_vocab") * 2)
    ]
    + ["load_tensors: offloaded 33/33 layers to GPU", "load_tensors:        CUDA0 model buffer size =  4403.49 MiB"]
    + [f"llama_context: {key:<21} = {n}" for n, key in enumerate(("n_seq_max", "n_ctx", "n_batch", "n_ubatch", "causal_attn"))]
    + [
        "llama_kv_cache:      CUDA0 KV buffer size =   512.00 MiB",
        "srv  llama_server: model loaded",
        "srv  update_slots: all slots are idle",
    ]
)
ENV = "map[CUDA_VISIBLE_DEVICES: OLLAMA_CONTEXT_LENGTH:4096 OLLAMA_HOST:http://0.0.0.0:11434 OLLAMA_KEEP_ALIVE:5m0s OLLAMA_NUM_PARALLEL:1]"


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
        '"inference compute" id=GPU-1e6bd4f2 library=CUDA compute=8.9 name=CUDA0 total="12.0 GiB" available="11.3 GiB"',
    )


def poll(log: ServerLog) -> None:
    """A request that runs no generation, or one of the odd ones."""
    status, method, path, typical_ns = log.rnd.choice(RARE if log.rnd.random() < 0.02 else POLLS)  # noqa: PLR2004 - one in fifty
    log.access(status, int(typical_ns * log.rnd.uniform(0.6, 1.8)), method, path)


def run_without_timings(log: ServerLog) -> None:
    """A generation of an older server: its access line only."""
    log.access(200, int(log.rnd.lognormvariate(22, 1.1)), *log.rnd.choice(RUNS))


def run_with_timings(log: ServerLog) -> None:
    """A generation of a server >= 0.30: its slot lines, then the access line, which lasts a little longer."""
    rnd = log.rnd
    prompt, generated = rnd.randrange(20, 3900), max(2, int(rnd.lognormvariate(4.6, 0.8)))
    cached = rnd.randrange(prompt) if rnd.random() < 0.4 else 0  # noqa: PLR2004 - two in five go on with a chat
    prompt_ms, eval_ms = (prompt - cached) / rnd.uniform(1.9, 2.6), generated * rnd.uniform(12.5, 33)
    log.task += generated + 3
    values: Mapping[str, object] = {
        "task": log.task, "held": prompt + generated - 1, "rate": f"{generated / eval_ms * 1e3:6.2f}", "prompt": prompt, "cached": cached, "read": f"{prompt - cached:5d}", "generated": f"{generated:5d}", "tokens": f"{prompt + generated:5d}",
        "prompt_ms": f"{prompt_ms:10.2f}", "eval_ms": f"{eval_ms:10.2f}", "total_ms": f"{prompt_ms + eval_ms:10.2f}", "prompt_each": f"{prompt_ms / (prompt - cached):8.2f}",
        "prompt_speed": f"{(prompt - cached) / prompt_ms * 1e3:8.2f}", "eval_each": f"{eval_ms / generated:8.2f}", "speed": f"{generated / eval_ms * 1e3:8.2f}",
    }  # fmt: skip
    log.runner(TIMINGS.substitute(values).split("\n"))
    log.access(200, int((prompt_ms + eval_ms + rnd.expovariate(0.4)) * 1e6), *rnd.choice(RUNS))


def load(log: ServerLog) -> None:
    """A model is loaded."""
    chosen, seconds = log.rnd.randrange(len(MODELS)), log.rnd.uniform(1.1, 9)
    log.slog("INFO", "server.go:109", f'"using llama-server for model" model={BLOBS[chosen]}')
    log.slog(
        "INFO",
        "llama_server.go:433",
        f'"starting llama-server" cmd="/usr/local/lib/ollama/llama-server --model {BLOBS[chosen]} --port {log.rnd.randrange(33000, 48000)} -c 4096 -np 1"',
    )
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
    ("0.30.10", {run_with_timings: 3.7, poll: 35.3, load: 0.2, say: 7.6, fall_silent: 2.8}),
    ("0.12.11", {run_without_timings: 12, poll: 27, load: 1.25, say: 1, fall_silent: 1.8}),
)  # fmt: skip


def write_server_log(path: Path, lines: int, seed: int = 1) -> Counter[str]:
    """Write a mixed server log of exactly so many lines; how many there are of each kind (access, slog, runner, rest)."""
    log, written = ServerLog(random.Random(seed)), 0  # noqa: S311 - no secret
    counts: Counter[str] = Counter()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        while written < lines:
            version, weights = SESSIONS[(written // SESSION_LINES) % 2]
            log.pass_time()
            if written == 0:
                poll(log)  # the log begins in mid-session, as a rotated one does; lnav takes the format of the first line it knows
            if written % SESSION_LINES == 0:
                start(log, version)
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


def record(rnd: random.Random, at: datetime) -> dict[str, object]:
    """One record of performance.jsonl with the names of E2; one in fifty tells of a failure."""
    model, operation = rnd.choice(MODELS), rnd.choice(("chat", "generate"))
    stamp, prompt, generated = at.isoformat().replace("+00:00", "Z"), rnd.randrange(10, 4000), rnd.randrange(1, 900)
    common: dict[str, object] = {"model": model, "operation": operation, "timestamp": stamp}
    if rnd.random() < 0.02:  # noqa: PLR2004 - one in fifty
        return {
            **common,
            "total_latency_ms": 30000.0,
            "success": False,
            "error": rnd.choice(("timeout after 30 s", "connection refused", "model 'x' not found")),
        }
    load_ms, prompt_ms, eval_ms = (
        round(rnd.expovariate(0.02), 3),
        round(prompt / rnd.uniform(1.8, 2.6), 3),
        round(generated * rnd.uniform(12, 33), 3),
    )
    return {
        **common, "total_latency_ms": round(load_ms + prompt_ms + eval_ms + 1.3, 3), "success": True, "error": None, "load_duration_ms": load_ms,
        "prompt_eval_duration_ms": prompt_ms, "eval_duration_ms": eval_ms, "prompt_tokens": prompt, "generated_tokens": generated, "tokens_per_second": round(generated / eval_ms * 1e3, 2),
    }  # fmt: skip


def write_records(path: Path, records: int, seed: int = 1) -> None:
    """Write a performance.jsonl of so many records, one second or so apart."""
    rnd, at = random.Random(seed), START  # noqa: S311 - no secret
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for _ in range(records):
            at += timedelta(microseconds=rnd.randrange(1, 2_000_000))
            file.write(json.dumps(record(rnd, at)) + "\n")


def main() -> None:
    """Write one log to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--lines", type=int, default=3_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--records", action="store_true", help="write a performance.jsonl instead")
    options = parser.parse_args()
    if options.records:
        write_records(options.path, options.lines, options.seed)
    else:
        print(dict(write_server_log(options.path, options.lines, options.seed)))


if __name__ == "__main__":
    main()
