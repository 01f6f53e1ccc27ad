"""performance.jsonl to committed Parquet, against a loop of json.loads and one pydantic model per record: whole processes, in turns.

The loop only reads: it neither converts units nor stores anything.
Command: python -m tests.bench.bench_records --records 1000000 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import measure, records

LOOP = """
import json, sys
from datetime import datetime
from pydantic import BaseModel

class Record(BaseModel):
    model: str
    operation: str
    timestamp: datetime
    total_latency_ms: float
    success: bool
    error: str | None = None
    load_duration_ms: float | None = None
    prompt_eval_duration_ms: float | None = None
    eval_duration_ms: float | None = None
    prompt_tokens: int | None = None
    generated_tokens: int | None = None
    tokens_per_second: float | None = None

count = 0
with open(sys.argv[1], "rb") as file:
    for line in file:
        record = Record.model_validate(json.loads(line))
        count += 1
print(count)
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the records, let both take turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    runs: dict[str, list[measure.Run]] = {"ollalog": [], "json.loads + pydantic": []}
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        path = Path(name) / "performance.jsonl"
        records.write_records(path, options.records)
        measure.say(
            f"{options.records:,} records, {path.stat().st_size / measure.MIB:,.0f} MiB; median of {options.rounds} rounds in turns"
        )
        for _ in range(options.rounds):
            runs["ollalog"].append(ingest(path, options.records))
            runs["json.loads + pydantic"].append(loop(path, options.records))
    figures = measure.medians(runs)
    ours = figures["ollalog"][0]
    rows = [
        (name, f"{seconds:.2f}", f"{options.records / seconds:,.0f}", f"{peak / measure.MIB:,.0f}", f"{seconds / ours:.1f}")
        for name, (seconds, peak) in figures.items()
    ]
    measure.print_table(("program", "seconds", "records/s", "peak MiB", "ollalog is faster by"), rows)


def ingest(path: Path, count: int) -> measure.Run:
    """One run of `ollalog ingest` into a new store, checked to have stored every record."""
    with tempfile.TemporaryDirectory(prefix="ollalog-bench-") as name:
        run = measure.run([measure.ollalog(), "ingest", "--no-alerts", "--store", f"{name}/store", "--json", str(path)], Path(name))
    stored = json.loads(run.stdout)["rows"].get("inferences", 0)
    if stored != count:
        raise measure.ProgramFailedError(f"ollalog stored {stored:,} records of {count:,}: not a fair run")
    return run


def loop(path: Path, count: int) -> measure.Run:
    """One run of the loop, checked to have read every record."""
    run = measure.run([sys.executable, "-c", LOOP, str(path)], path.parent)
    if int(run.stdout) != count:
        raise measure.ProgramFailedError(f"the loop read {run.stdout.strip()} records of {count:,}: not a fair run")
    return run


if __name__ == "__main__":
    main()
