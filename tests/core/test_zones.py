"""Zones as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ollalog.core.machine import zone_text
from ollalog.core.zones import offset_of, sql_name, zone_fault, zone_of


@pytest.mark.parametrize(
    ("text", "hours", "name"),
    [
        ("+05:30", 5.5, "GMT+05:30"),
        ("+0530", 5.5, "GMT+05:30"),
        ("UTC+2", 2, "GMT+02:00"),
        ("-0800", -8, "GMT-08:00"),
        ("gmt-3", -3, "GMT-03:00"),
        ("-00:30", -0.5, "GMT-00:30"),
        ("+14", 14, "GMT+14:00"),
    ],
)
def test_an_offset_is_a_zone(text: str, hours: float, name: str) -> None:
    offset = timedelta(hours=hours)
    assert offset_of(text) == offset
    assert zone_fault(text) is None
    assert datetime(2026, 6, 21, tzinfo=UTC).astimezone(zone_of(text)).utcoffset() == offset
    assert sql_name(text) == name


@pytest.mark.parametrize("text", ["+15", "+5:70", "5", "+", "UTC+", "+05:30\n", "++1", "Europe", "../etc/passwd", ""])
def test_what_is_no_zone_is_said_so(text: str) -> None:
    assert offset_of(text) is None
    assert "is no time zone" in (zone_fault(text) or "")


def test_a_zone_by_name_stays_as_it_is() -> None:
    assert offset_of("Europe/Berlin") is None
    assert zone_fault("Europe/Berlin") is None
    assert sql_name("Europe/Berlin") == "Europe/Berlin"
    assert datetime(2026, 6, 21, tzinfo=UTC).astimezone(zone_of("Europe/Berlin")).utcoffset() == timedelta(hours=2)


def test_offsets_in_the_environment_count_westwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """POSIX: TZ=UTC+2 lies two hours west; only the system says how far that is."""
    monkeypatch.setenv("TZ", ":Europe/Berlin")
    assert zone_text() == "Europe/Berlin"
    monkeypatch.setenv("TZ", "UTC+2")
    assert zone_text() != "UTC+2"
    assert offset_of(zone_text()) is not None
