"""All benchmarks at modest sizes, one after the other: what `make bench` runs.

Command: python -m tests.bench
"""

from __future__ import annotations

from tests.bench import bench_chatter, bench_ingest, bench_memory, bench_recorder, bench_records, bench_startup, bench_views, measure


def main() -> None:
    """Run each benchmark with sizes that take a few minutes in all."""
    for title, benchmark, arguments in (
        ("Server log to Parquet, against other programs", bench_ingest.main, ["--lines", "3000000", "--rounds", "3"]),
        ("Runner chatter to Parquet, against other programs", bench_chatter.main, ["--lines", "3000000", "--rounds", "3"]),
        ("performance.jsonl to Parquet", bench_records.main, ["--records", "500000", "--rounds", "3"]),
        ("Views", bench_views.main, ["--requests", "1000000", "--rounds", "3"]),
        ("Memory and cost by length", bench_memory.main, ["--lines", "1000000", "4000000", "--commits", "50"]),
        ("Recorder", bench_recorder.main, ["--records", "50000", "--rounds", "3"]),
        ("Start-up", bench_startup.main, ["--rounds", "5"]),
    ):
        measure.say(f"\n## {title}")
        benchmark(arguments)


if __name__ == "__main__":
    main()
