"""Instants as people type them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ollalog.core.errors import UsageError
from ollalog.core.instants import instant

NOW = datetime(2026, 6, 21, 22, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", datetime(2026, 6, 21, 22, 30, tzinfo=UTC)),
        ("24h", datetime(2026, 6, 20, 22, 30, tzinfo=UTC)),
        ("90 min", datetime(2026, 6, 21, 21, 0, tzinfo=UTC)),
        ("7d", datetime(2026, 6, 14, 22, 30, tzinfo=UTC)),
        ("2w", datetime(2026, 6, 7, 22, 30, tzinfo=UTC)),
        # In Berlin it is already the 22nd.
        ("today", datetime(2026, 6, 21, 22, 0, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 6, 20, 22, 0, tzinfo=UTC)),
        ("2026-06-21", datetime(2026, 6, 20, 22, 0, tzinfo=UTC)),
        ("2026-06-21 18:00", datetime(2026, 6, 21, 16, 0, tzinfo=UTC)),
        ("2026-06-21T18:00:00Z", datetime(2026, 6, 21, 18, 0, tzinfo=UTC)),
        ("2026-06-21T18:00:00-05:00", datetime(2026, 6, 21, 23, 0, tzinfo=UTC)),
    ],
)
def test_instant_is_understood(text: str, meant: datetime) -> None:
    assert instant(text, "--since", now=NOW, zone=BERLIN) == meant


@pytest.mark.parametrize("text", ["", "tomorrow-ish", "5 parsecs", "2026-13-01", "999999999w", "0001-01-01"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="not an instant") as raised:
        instant(text, "--since", now=NOW, zone=BERLIN)
    assert raised.value.fix == "write: --since 7d"
