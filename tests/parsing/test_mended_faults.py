"""Faults that were found once, each with the test that failed: what must hold stays mended."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from ollalog import runtime, store
from ollalog.core.clock import FrozenClock
from ollalog.core.events import NullEvents
from ollalog.runtime import IngestOptions
from tests.parsing.reading import Outcome, context, read_pieces

LATEST = datetime(2262, 1, 1, tzinfo=UTC)
SLOG = "time=2026-06-21T18:00:00.000Z level=INFO source=x.go:1 msg="


def read(*lines: str, timezone: str | None = "UTC", pieces: bool = False) -> Outcome:
    """Read lines at once, or one by one."""
    data = "".join(f"{line}\n" for line in lines).encode()
    return read_pieces(data, [at + 1 for at, byte in enumerate(data) if byte == ord("\n")] if pieces else [], context(timezone))


def gin(clock: str, latency: str = "1.5s") -> str:
    return f'[GIN] {clock} | 200 | {latency:>13} |       127.0.0.1 | POST     "/api/chat"'


@pytest.mark.parametrize("number", ["1.2.3", "9" * 400, "..", "."])
def test_a_load_time_that_is_no_number_does_not_stop_the_run(number: str) -> None:
    """R3: exit 70 at `float(seconds)` in saying._kind."""
    assert read(f'{SLOG}"llama-server started in {number} seconds"').fates["row"] == 1


@pytest.mark.parametrize("number", ["1e999", "99999999999999999999999"])
def test_numbers_out_of_range_in_the_json_of_the_runner_do_not_stop_the_run(number: str) -> None:
    """R3: exit 70, strict casts of cpp_runner."""
    line = f'{{"function":"print_timings","msg":"total time","t_total":{number},"slot_id":{number},"task_id":{number}}}'
    assert sum(read(line).fates.values()) == 1


def test_numbers_out_of_range_in_timing_lines_of_open_runs_do_not_stop_the_run() -> None:
    """R3: exit 70, `_ns` and `_whole` of runs and open_runs."""
    total = f"slot print_timing: id  0 | task 0 |       total time = {'9' * 30}.0 ms /    37 tokens"
    end = f"slot      release: id  0 | task 0 | stop processing: n_tokens = {'9' * 30}, truncated = 0"
    assert read(total, end, pieces=True).fates["row"] == 1


def test_a_cut_off_slog_message_is_rejected() -> None:
    assert read(f'{SLOG}"cut of').fates["rejected"] == 1


def test_the_repeated_hour_is_the_same_wherever_blocks_are_cut() -> None:
    """DESIGN §4: times of other tables between two local times count for their order, in one block as in two."""
    lines = ['{"model":"m:1","timestamp":"2026-06-21T18:00:00Z"}', gin("2025/10/26 - 02:00:00")]
    whole, pieces = read(*lines, timezone="Europe/Berlin"), read(*lines, timezone="Europe/Berlin", pieces=True)
    assert_frame_equal(whole.tables["requests"], pieces.tables["requests"])


def test_the_zone_is_known_again_after_a_start() -> None:
    """DESIGN §4: a start forgets the zone; the first slog line behind it tells it again, though it is the same as before."""
    lines = [f"{SLOG}a", '2026/06/21 19:00:00 routes.go:1: INFO server config env="map[A:b]"', f"{SLOG}a", gin("2026/06/21 - 18:00:00")]
    whole, pieces = read(*lines, timezone="Asia/Tokyo"), read(*lines, timezone="Asia/Tokyo", pieces=True)
    assert [row["tz_basis"] for row in whole.rows("requests")] == ["slog"]
    assert whole.state.to_json() == pieces.state.to_json()


@pytest.mark.parametrize("line", [gin("0001/01/01 - 00:00:00"), gin("9999/12/31 - 23:59:59", "2562047h47m16s")])
def test_times_and_latencies_beyond_all_bounds_are_rejected(line: str) -> None:
    """R3: `verify` and `report` end in exit 70 or 5 on year 0 and on sums beyond 64 bits."""
    assert read(line).fates["rejected"] == 1


@pytest.mark.parametrize("stamp", ["9223372036854775807", "999999999999999999"])
def test_a_stamp_beyond_all_bounds_is_as_good_as_none(stamp: str) -> None:
    """R3: `verify` ends in a panic of polars."""
    line = f'{{"MESSAGE":"load_tensors: offloaded 3/3 layers to GPU","__REALTIME_TIMESTAMP":"{stamp}"}}'
    (row,) = read(f"{SLOG}a", line).rows("server_events")[1:]
    assert row["happened_at"] == datetime(2026, 6, 21, 18, tzinfo=UTC)


def test_settings_are_an_object_without_secrets_whatever_their_spelling() -> None:
    """R6: a password in a proxy's address and API keys are not stored."""
    (row,) = read(f'{SLOG}"server config" env="map[HTTPS_PROXY:http://user:secret@h OLLAMA_API_KEY:secret OLLAMA_NUM_PARALLEL:4]"').rows(
        "server_events"
    )
    assert "secret" not in str(row["attrs"])
    assert row["attrs"] == '{"env": {"OLLAMA_NUM_PARALLEL": "4"}}'


def test_rows_read_from_a_longer_copy_are_no_problem_of_the_shorter_file(tmp_path: Path) -> None:
    """F8: `verify` looks for rows in a file that never held them, and says they cannot be read there."""
    root, log, packed = tmp_path / "store", tmp_path / "server.log", tmp_path / "server.log.gz"
    lines = [f"{gin(f'2026/06/21 - 18:00:{second:02d}')}\n".encode() for second in range(60)]
    for path, data in ((log, b"".join(lines[:50])), (packed, gzip.compress(b"".join(lines)))):
        path.write_bytes(data)
        options = IngestOptions(timezone="UTC", host="box")
        runtime.ingest(root, [str(path)], options, clock=FrozenClock(LATEST), events=NullEvents())
    assert store.verify(root, runtime.reread).problems == ()
