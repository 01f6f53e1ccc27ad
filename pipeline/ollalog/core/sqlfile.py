"""SQL text -> header + SELECT, all header faults reported at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ollalog.core.errors import SqlFileError, did_you_mean
from ollalog.core.layout import sql_folder

PREFIX = "-- "


@dataclass(frozen=True)
class Field:
    """One key of a header's first table: its type, whether it must be there, and what a text in it has to look like."""

    type: type
    required: bool = True
    example: str = ""
    pattern: str = ""
    want: str = ""

    @property
    def wanted(self) -> str:
        """What the key's value has to be, in words."""
        return self.want or TYPE_NAMES[self.type]


DURATION = r"[1-9][0-9]{0,8}[smhd]|0s"
SEVERITIES = ("low", "medium", "high", "critical")
NO_DATA = ("ok", "keep", "alert")
COMPARISONS = (">", ">=", "<", "<=")
TYPE_NAMES: Mapping[type, str] = {
    str: "text in quotes", list: "a list of texts", float: "a number", bool: "true", dict: "a table of columns and aggregates",
}  # fmt: skip


def _duration(example: str) -> Field:
    return Field(str, required=False, example=example, pattern=DURATION, want="a duration: a number and a unit: 30s, 5m, 1h, 7d")


def _choice(names: tuple[str, ...], example: str, *, required: bool = True) -> Field:
    return Field(str, required=required, example=example, pattern="|".join(names), want="one of " + ", ".join(names))


# The keys of each kind of SQL file. A kind is the name of the header's first table.
KINDS: Mapping[str, Mapping[str, Field]] = {
    "view": {
        "purpose": Field(str, example='purpose = "slow requests by model and minute"'),
        "grain": Field(list, example='grain = ["model", "minute_utc"]'),
        "needs": Field(list, example='needs = ["requests"]'),
        "keep": Field(bool, required=False, example="keep = true"),
        "by_date": Field(bool, required=False, example="by_date = true"),
        "merge": Field(dict, required=False, example='merge = { requests = "sum" }'),
    },
    "alert": {
        "needs": Field(list, example='needs = ["recent_requests"]'),
        "severity": _choice(SEVERITIES, 'severity = "medium"'),
        "summary": Field(str, example='summary = "{model} answers slowly"'),
        "recommendation": Field(str, required=False, example='recommendation = "what to do about it"'),
        "evidence": Field(str, required=False, example='evidence = "SELECT * FROM model_requests"'),
        "labels": Field(list, required=False, example='labels = ["model"]'),
        "threshold": Field(float, required=False, example="threshold = 30000"),
        "recovery": Field(float, required=False, example="recovery = 25000"),
        "beyond": _choice(COMPARISONS, 'beyond = ">"', required=False),
        "unit": Field(str, required=False, example='unit = "ms"'),
        "window": _duration('window = "5m"'),
        "lookback": _duration('lookback = "30d"'),
        "for": _duration('for = "5m"'),
        "keep_firing_for": _duration('keep_firing_for = "5m"'),
        "no_data": _choice(NO_DATA, 'no_data = "ok"', required=False),
    },
}


@dataclass(frozen=True)
class SqlFile:
    """One SELECT and what its header says of it.

    `settings` has the keys of KINDS[kind]; `columns` gives each column's meaning, with its unit, in the order of the header.
    """

    name: str
    kind: str
    path: str
    settings: Mapping[str, Any]
    columns: Mapping[str, str]
    select: str

    @property
    def purpose(self) -> str:
        """What it answers, in a line."""
        return str(self.settings["purpose"])

    @property
    def grain(self) -> tuple[str, ...]:
        """The columns that tell its rows apart; empty: one row."""
        return tuple(self.settings["grain"])

    @property
    def needs(self) -> tuple[str, ...]:
        """The relations that it reads."""
        return tuple(self.settings["needs"])

    @property
    def merge(self) -> Mapping[str, str]:
        """Column -> aggregate that puts rows of one grain together: the view of all rows is that of older and of newer ones, merged."""
        return dict(self.settings.get("merge", {}))

    @property
    def by_date(self) -> bool:
        """Whether its rows of each `date_utc` follow from the requests that ended on that date, the day before or the day after."""
        return bool(self.settings.get("by_date"))

    @property
    def keep(self) -> bool:
        """Whether its rows are computed once and held in memory: few rows that many other views read; of one row as variables, too."""
        return bool(self.settings.get("keep"))


@dataclass(frozen=True)
class _Header:
    """The header's text without its prefix, line for line, and where it stands."""

    name: str
    path: str
    lines: tuple[str, ...]

    def place(self, pattern: str) -> str:
        """Path and number of the first line that matches, else of the first line."""
        found = (number for number, line in enumerate(self.lines, 1) if re.match(pattern, line))
        return f"{self.path}:{next(found, 1)}"

    def fault(self, what: str, pattern: str = "", **parts: str | None) -> SqlFileError:
        """A fault of this header, placed at the first line that matches."""
        return SqlFileError(f"{self.name}: {what}", at=self.place(pattern), **parts)


@cache
def shipped_views() -> dict[str, SqlFile]:
    """Every view that ships with the program, by name, in alphabetical order.

    Raises:
        SqlFileError: a file's header is wrong.
    """
    return {path.stem: read_sql_file(path, "view") for path in sorted(sql_folder("views").glob("*.sql"))}


@cache
def rules_digest(name: str) -> str:
    """Digest of a view that ships with the program and of all that it needs: where it is another, its rows may be others."""
    views = shipped_views()
    found: set[str] = set()
    waiting = [name]
    while waiting:
        here = waiting.pop()
        if here in views and here not in found:
            found.add(here)
            waiting += views[here].needs
    texts = "\0".join(f"{each} {views[each].select}" for each in sorted(found))
    return hashlib.blake2b(texts.encode(), digest_size=16).hexdigest()


def read_sql_file(path: Path, kind: str) -> SqlFile:
    """Read one file; its name without `.sql` is the object's name.

    Raises:
        SqlFileError: with every fault of the header, or when it is not UTF-8.
        OSError: the file cannot be read.
    """
    shown = "/".join((*path.parent.parts[-2:], path.name))
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        fix = "save the file as UTF-8"
        raise SqlFileError(f"{path.stem}: not UTF-8", at=shown, found=f"byte {error.start} is wrong", want="UTF-8 text", fix=fix) from None
    return parse_sql(text, name=path.stem, path=shown, kind=kind)


def parse_sql(text: str, *, name: str, path: str, kind: str) -> SqlFile:
    """Split SQL text into header and SELECT and check the header.

    Args:
        text: Leading `-- ` lines hold TOML: a table named after the kind, and `[columns]`; one SELECT follows.
        name: Name of the object.
        path: Where the text stands; for messages only.
        kind: A key of KINDS.

    Raises:
        SqlFileError: with every fault that was found.
    """
    lines = text.splitlines()
    count = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    header = _Header(name, path, tuple(line.removeprefix(PREFIX).removeprefix("--") for line in lines[:count]))
    select = "\n".join(lines[count:]).strip().removesuffix(";").rstrip()
    tables = _toml(header)
    faults = [*_table_faults(header, tables, kind), *_select_faults(header, select)]
    if faults:
        raise _together(name, path, faults)
    return SqlFile(name, kind, path, tables[kind], tables["columns"], select)


def _toml(header: _Header) -> dict[str, Any]:
    """The header as TOML; a syntax error hides all other faults, so it is raised alone."""
    try:
        return tomllib.loads("\n".join(header.lines))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        number = int(line.group(1)) if line else len(header.lines)
        found = header.lines[number - 1] if 0 < number <= len(header.lines) else "the end of the header"
        want = f"TOML in every leading `{PREFIX}` line"
        raise SqlFileError(
            f"{header.name}: the header is no TOML", at=f"{header.path}:{number}", found=found, want=want, fix=str(error)
        ) from None


def _table_faults(header: _Header, tables: dict[str, Any], kind: str) -> Iterator[SqlFileError]:
    """What is wrong with the names of the tables and with what is in them."""
    known = (kind, "columns")
    for table in tables:
        if table not in known:
            yield header.fault(
                f"unknown table [{table}]", rf"\[{re.escape(table)}\]|{re.escape(table)}\s*=", want=f"[{kind}] and [columns]",
                fix=did_you_mean(table, known) or f"remove [{table}]",
            )  # fmt: skip
    for table in known:
        if not isinstance(tables.get(table), dict):
            yield header.fault(f"no table [{table}]", want=f"[{kind}] and [columns]", fix=f"add the line: {PREFIX}[{table}]")
    if isinstance(tables.get(kind), dict):
        yield from _key_faults(header, tables[kind], KINDS[kind])
    if isinstance(tables.get("columns"), dict):
        yield from _column_faults(header, tables["columns"], tables.get(kind))


def _key_faults(header: _Header, given: dict[str, Any], fields: Mapping[str, Field]) -> Iterator[SqlFileError]:
    """Keys that are unknown, missing or of the wrong type."""
    for key, value in given.items():
        place = rf"{re.escape(key)}\s*="
        if key not in fields:
            fix = did_you_mean(key, fields) or f"remove {key!r}"
            yield header.fault(f"unknown key {key!r}", place, want=", ".join(fields), fix=fix)
        elif not _fits(value, fields[key]):
            want, fix = fields[key].wanted, f"write: {PREFIX}{fields[key].example}"
            yield header.fault(f"{key!r} is not {want.partition(':')[0]}", place, found=repr(value), want=want, fix=fix)
    for key, field in fields.items():
        if field.required and key not in given:
            yield header.fault(f"{key!r} is missing", want=field.wanted, fix=f"write: {PREFIX}{field.example}")


def _fits(value: object, field: Field) -> bool:
    """Whether a value has the field's type; texts must not be empty."""
    if isinstance(value, list):
        return field.type is list and all(isinstance(item, str) and item for item in value)
    if field.type is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, field.type) and bool(value) and re.fullmatch(field.pattern or r"(?s).+", str(value)) is not None


def _column_faults(header: _Header, columns: dict[str, Any], settings: object) -> Iterator[SqlFileError]:
    """Columns without a meaning, and a grain of columns that there are not."""
    for column, meaning in columns.items():
        if not isinstance(meaning, str) or not meaning.strip():
            yield header.fault(
                f"column {column!r} has no meaning", rf"{re.escape(column)}\s*=", found=repr(meaning), want="text with the unit",
                fix=f'write: {PREFIX}{column} = "what it is; unit"',
            )  # fmt: skip
    grain = settings.get("grain") if isinstance(settings, dict) else None
    for column in grain if isinstance(grain, list) else ():
        if column not in columns:
            fix = did_you_mean(str(column), columns) or f"describe {column!r} in [columns]"
            yield header.fault(f"grain column {column!r} is not in [columns]", r"grain\s*=", want=", ".join(columns), fix=fix)


def _select_faults(header: _Header, select: str) -> Iterator[SqlFileError]:
    """A file without its SELECT."""
    if not re.match(r"(?is)(SELECT|WITH)\b", select):
        found = select.splitlines()[0] if select else "nothing"
        yield SqlFileError(
            f"{header.name}: no SELECT after the header", at=f"{header.path}:{len(header.lines) + 1}", found=found,
            want="one SELECT, with or without WITH", fix="begin the statement right after the header",
        )  # fmt: skip


def _together(name: str, path: str, faults: list[SqlFileError]) -> SqlFileError:
    """One error that shows all faults."""
    if len(faults) == 1:
        return faults[0]
    listed = "\n".join(f"  {line}" for fault in faults for line in str(fault).splitlines())
    return SqlFileError(f"{name}: {len(faults)} faults in the header\n{listed}", at=path, fix="mend each of them")
