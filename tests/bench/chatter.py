"""A made-up log of a server >= 0.30 that is nearly all runner chatter, of any length, from a seed.

Some hundred requests are made up as templates of 45 to 190 lines each, most of them listings of the prompt cache as recorded servers
print them; they are repeated with task numbers, times and latencies of their own. Ninety-nine lines in a hundred are the runner's; every
5,000 requests a model is loaded.

Command: python -m tests.bench.chatter server.log --lines 10000000
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from pathlib import Path

from tests.bench import measure
from tests.bench.logs import ServerLog, load, start

VARIANTS = 200
LOAD_EVERY = 5_000
SLOTS = 4
CHUNK_REQUESTS = 500
LISTED = (8, 80)
"""Prompts in the cache: each is listed twice for a request."""
SAMPLER = """\
slot launch_slot_: id  {slot} | task -1 | sampler chain: logits -> ?penalties -> ?dry -> ?top-n-sigma -> top-k -> ?typical -> top-p -> dist
slot launch_slot_: id  {slot} | task -1 | sampler params:
\trepeat_last_n = 64, repeat_penalty = 1.000, frequency_penalty = 0.000, presence_penalty = 0.000
\tdry_multiplier = 0.000, dry_base = 1.750, dry_allowed_length = 2, dry_penalty_last_n = 64
\ttop_k = 40, top_p = 0.900, min_p = 0.000, xtc_probability = 0.000, typical_p = 1.000, top_n_sigma = -1.000, temp = 0.800
\tmirostat = 0, mirostat_lr = 0.100, mirostat_ent = 5.000, adaptive_target = -1.000, adaptive_decay = 0.900"""
RUN = """\
slot launch_slot_: id  {slot} | task @TASK@ | processing task, is_child = 0
slot   operator(): id  {slot} | task @TASK@ | new prompt, n_ctx_slot = 4096, n_keep = 4, task.n_tokens = {prompt}
slot   operator(): id  {slot} | task @TASK@ | cached n_tokens = {cached}, memory_seq_rm [{cached}, end)
slot init_sampler: id  {slot} | task @TASK@ | init sampler, took 0.02 ms, tokens: text = {prompt}, total = {prompt}
slot print_timing: id  {slot} | task @TASK@ | prompt eval time = {prompt_ms:10.2f} ms / {read:5d} tokens ({rates})
slot print_timing: id  {slot} | task @TASK@ |        eval time = {eval_ms:10.2f} ms / {generated:5d} tokens ({rates})
slot print_timing: id  {slot} | task @TASK@ |       total time = {total_ms:10.2f} ms / {tokens:5d} tokens
slot print_timing: id  {slot} | task @TASK@ |    graphs reused = {generated:10d}
slot      release: id  {slot} | task @TASK@ | stop processing: n_tokens = {held}, truncated = 0
srv  update_slots: all slots are idle"""


def request(rnd: random.Random) -> str:
    """All lines of one request; @TASK@, @TIME@ and @MORE@ (digits of the latency) are put in later."""
    slot, prompt, generated, listed = rnd.randrange(SLOTS), rnd.randrange(20, 3900), rnd.randrange(2, 400), rnd.randrange(*LISTED)
    cached = rnd.randrange(prompt)
    prompt_ms, eval_ms = (prompt - cached) * rnd.uniform(0.2, 0.5), generated * rnd.uniform(1, 5)
    lengths = [rnd.randrange(20, 400) for _ in range(listed)]
    text = "\n".join(
        [
            "srv  server_strea: conv_id= (empty=1)",
            *(f"slot get_availabl: id  {n} | task -1 |  - checking sim = {rnd.random():.3f} (21/131) > 0.100" for n in range(SLOTS)),
            f"slot get_availabl: id  {slot} | task -1 | selected slot by LRU, t_last = {rnd.randrange(10**9, 10**10)}",
            "srv  get_availabl: updating prompt cache",
            f"srv   prompt_save:  - saving prompt with length {prompt}, total state size = 0.303 MiB (draft: 0.000 MiB)",
            "srv          load:  - looking for better prompt, base f_keep = 0.136, f_sim = 0.160",
            *(
                f"srv          load:    - prompt with length {n:7d}, lcp = {n // 9:7d}, f_keep = {9 / n:.3f}, f_sim = 0.015"
                for n in lengths
            ),
            f"srv        update:  - cache state: {listed} prompts, 3.957 MiB (limits: 8192.000 MiB, 16384 tokens, 16384 est)",
            *(
                f"srv        update:    - prompt 0x{rnd.randrange(2**47):x}: {n:7d} tokens, checkpoints:  0, {n / 509:9.3f} MiB"
                for n in lengths
            ),
            "srv  get_availabl: prompt cache update took 0.36 ms",
            SAMPLER.format(slot=slot),
            RUN.format(
                slot=slot,
                prompt=prompt,
                cached=cached,
                read=prompt - cached,
                generated=generated,
                tokens=prompt - cached + generated,
                rates=f"    0.31 ms per token, {rnd.uniform(20, 4000):8.2f} tokens per second",
                held=prompt + generated - 1,
                prompt_ms=prompt_ms,
                eval_ms=eval_ms,
                total_ms=prompt_ms + eval_ms,
            ),
        ]
    )
    latency_ms = int(prompt_ms + eval_ms + 3)
    latency = f"{latency_ms}.@MORE@ms" if latency_ms < 1000 else f"{latency_ms / 1000:.3f}@MORE@s"
    return f'{text}\n@TIME@{latency:>13} |      127.0.0.1 | POST     "/api/{rnd.choice(("chat", "generate"))}"\n'


def loading(rnd: random.Random) -> bytes:
    """The lines of a load."""
    log = ServerLog(rnd)
    log.pass_time()
    load(log)
    return "".join(f"{line}\n" for line in log.lines).encode()


def write_chatter(path: Path, lines: int, seed: int = 1) -> Counter[str]:
    """Write at least so many lines of chatter.

    Returns:
        How many lines there are (`lines`), and how many of them are access lines (`access`).
    """
    rnd = random.Random(seed)  # noqa: S311 - a seed, not a secret
    variants = [request(rnd) for _ in range(VARIANTS)]
    heights = [text.count("\n") for text in variants]
    log = ServerLog(rnd)
    log.pass_time()
    log.access(200, 41_000, "GET", "/api/version")  # lnav takes a file's format from its first line
    start(log, "0.33.0")
    counts: Counter[str] = Counter(lines=len(log.lines), access=1)
    with path.open("wb") as file:
        file.write("".join(f"{line}\n" for line in log.lines).encode())
        while counts["lines"] < lines:
            if counts["access"] % LOAD_EVERY == 1:
                loaded = loading(rnd)
                file.write(loaded)
                counts["lines"] += loaded.count(b"\n")
            chunk = [rnd.randrange(VARIANTS) for _ in range(CHUNK_REQUESTS)]
            file.write("".join(_repeated(variants[one], counts["access"] + place) for place, one in enumerate(chunk)).encode())
            counts["lines"] += sum(heights[one] for one in chunk)
            counts["access"] += len(chunk)
    return counts


def _repeated(text: str, number: int) -> str:
    """A template with the numbers of one request."""
    second = number // 4
    time = f"[GIN] 2026/{second // 2_419_200 % 12 + 1:02d}/{second // 86_400 % 28 + 1:02d} - "
    time += f"{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d} | 200 | "
    return text.replace("@TASK@", str(number * 7)).replace("@TIME@", time).replace("@MORE@", f"{number % 10**6:06d}")


def main() -> None:
    """Write a log and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    counts = write_chatter(options.path, options.lines, options.seed)
    measure.say(f"{options.path}: {counts['lines']:,} lines, {counts['access']:,} of them access lines")


if __name__ == "__main__":
    main()
