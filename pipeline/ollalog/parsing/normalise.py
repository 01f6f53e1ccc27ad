"""Records to rows: sessions, names, and the final cast to the data dictionary. In order, with state."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from ollalog.core.tables import INFERENCES, PAIRS, RECORDED_TABLES, REJECTS, REQUESTS, SERVER_EVENTS, Table, polars_schema
from ollalog.parsing import fold, records, zones
from ollalog.parsing.attribution import attribute
from ollalog.parsing.instants import UTC, Context, clock_of, last_resolved, latest, placed, timed, with_utc
from ollalog.parsing.names import BLOB
from ollalog.parsing.parse import ParsedBatch
from ollalog.parsing.repeated_hours import with_repeated_hours
from ollalog.parsing.state import ParserState

_NEVER = pl.lit(None, UTC)


@dataclass(frozen=True)
class Settled:
    """Rows of one block by table (less `batch`), what became of its lines, and the state after it."""

    tables: Mapping[str, pl.DataFrame]
    fates: Mapping[str, int]
    noise: Mapping[str, int]
    state: ParserState


def settle(parsed: ParsedBatch, state: ParserState, context: Context) -> Settled:
    """Give the records of a block what earlier lines say: session, zone, the last time seen, the heads of continuations.

    Args:
        parsed: one block; blocks of a source come in its order.
        state: the state after the block before.
        context: facts from outside the log.

    Returns:
        Rows that do not depend on where blocks were cut.
    """
    if state.last_utc is None and state.zone_s is None and state.look_ahead_s is None:
        state = replace(state, look_ahead_s=zones.look_ahead(parsed.first_bytes))
    turns = with_repeated_hours(_turns(parsed, state), parsed, state.last_utc)
    requests = _requests(parsed, turns, state, context)
    events = _events(parsed, turns, state, context)
    clock = clock_of(requests, events, parsed.inferences, parsed.recorded)
    attributed = attribute(parsed, events, requests, state.runner)
    inferences = _inferences(parsed, attributed.runs, clock, state, context)
    events = timed(events, clock, state)
    continues, is_record_open = fold.continuations(
        parsed.unowned["line"], parsed.between, parsed.opens, parsed.indexed_count, is_open=state.is_record_open
    )
    rejected = pl.concat([_unowned(parsed.unowned.filter(~continues)), parsed.rejected.select(_REJECTED)])
    rejected = _rejected(rejected.with_columns(pl.lit(context.read_at, UTC).alias("read_at")), clock, state)
    events = _with_names(events, pl.when(pl.col("event") == "model_load_started").then(pl.col("attrs").str.extract(BLOB)), context)
    events, is_load_open = _one_end_per_load(events, is_open=state.is_load_open)
    recorded = {table: parsed.recorded[table.name] for table in RECORDED_TABLES if table.name in parsed.recorded}
    rows = {REQUESTS: requests, SERVER_EVENTS: events, INFERENCES: inferences, REJECTS: rejected, **recorded}
    tables = {table.name: _cast(frame, table, parsed.source, context, turns) for table, frame in rows.items() if frame.height}
    if attributed.pairs.height:
        tables[PAIRS.name] = _conformed(attributed.pairs.with_columns(pl.lit(context.host, pl.Categorical()).alias("host")), PAIRS)
    record_count = 0 if parsed.inferences is None else parsed.inferences.height
    fates = {
        "row": requests.height + events.height + record_count + attributed.ending_lines + sum(frame.height for frame in recorded.values()),
        "folded": parsed.folded + int(continues.sum()) + parsed.marks.height - attributed.ending_lines,
        "noise": sum(parsed.noise.values()),
        "rejected": rejected.height,
        "held": 0,
    }
    last = turns.row(-1, named=True)
    after = replace(
        state,
        session=last["session"],
        is_listening=last["is_listening"],
        zone_s=last["zone_s"],
        last_utc=clock["utc"][-1] if clock.height else state.last_utc,
        is_record_open=is_record_open,
        is_load_open=is_load_open,
        last_resolved=latest(state.last_resolved, last_resolved(requests, events, inferences)),
        runner=attributed.state,
    )
    return Settled(tables=tables, fates=fates, noise=parsed.noise, state=after)


_REJECTED = ["line", "byte_offset", "text", "reason", "format", "length_bytes"]


def _turns(parsed: ParsedBatch, state: ParserState) -> pl.DataFrame:
    """Where session or zone change: `line` (-1 for the state before), `session`, `is_listening`, `zone_s`."""
    rows: list[tuple[int, str | None, bool, int | None]] = [(-1, state.session, state.is_listening, state.zone_s)]
    events = parsed.events
    is_start = pl.col("event").is_in(["server_config", "server_started"])
    # a start forgets the zone, so the first slog line behind it is a change even if the zone stays the same
    known_zone = pl.col("zone_s").forward_fill().over(is_start.cum_sum())
    is_change = is_start | (pl.col("zone_s").is_not_null() & (pl.col("zone_s").ne_missing(known_zone.shift(1)) | is_start.shift(1)))
    for line, byte_offset, event, zone_s in events.filter(is_change).select("line", "byte_offset", "event", "zone_s").iter_rows():
        _, session, is_listening, zone_before = rows[-1]
        if event == "server_config" or (event == "server_started" and (is_listening or session is None)):
            session, is_listening, zone_before = f"{parsed.source}:{byte_offset}", False, None
        is_listening = is_listening or event == "server_started"
        rows.append((line, session, is_listening, zone_before if zone_s is None else zone_s))
    schema = {"line": pl.Int64(), "session": pl.Categorical(), "is_listening": pl.Boolean(), "zone_s": pl.Int32()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _requests(parsed: ParsedBatch, turns: pl.DataFrame, state: ParserState, context: Context) -> pl.DataFrame:
    """Rows of `requests` with `line`; UTC."""
    frame = with_utc(placed(parsed.requests, turns, "zone_s"), REQUESTS.name, state, context)
    if context.client_key is not None:
        frame = frame.with_columns(_hashed(frame["client"], context.client_key))
    started = pl.col("utc") - pl.duration(microseconds=pl.col("latency_ns") // 1000)
    return frame.with_columns(pl.col("utc").alias("ended_at"), started.alias("started_at"))


def _hashed(clients: pl.Series, key: bytes) -> pl.Series:
    """Client addresses as keyed hashes: equal addresses stay equal, none can be read back without the key."""
    distinct = clients.drop_nulls().unique().to_list()
    hashes = [hashlib.blake2b(client.encode(), key=key, digest_size=6).hexdigest() for client in distinct]
    return clients.replace_strict(distinct, hashes, default=None, return_dtype=pl.String)


def _events(parsed: ParsedBatch, turns: pl.DataFrame, state: ParserState, context: Context) -> pl.DataFrame:
    """Rows of `server_events` with `line`; `happened_at` is null where neither line nor envelope has a time."""
    own = parsed.events.rename({"zone_s": "own_zone_s"})
    zoned = placed(own, turns, "zone_s").with_columns(pl.coalesce("own_zone_s", "zone_s").alias("zone_s"))
    return with_utc(zoned, SERVER_EVENTS.name, state, context).with_columns(pl.coalesce("utc", "stamp").alias("happened_at"))


def _inferences(parsed: ParsedBatch, finished: pl.DataFrame, clock: pl.DataFrame, state: ParserState, context: Context) -> pl.DataFrame:
    """Rows of `inferences` with `line`: JSON records and runs of the runner's log."""
    frames: list[pl.DataFrame] = []
    if parsed.inferences is not None:
        frame = parsed.inferences.with_columns(pl.col("line").cast(pl.Int64))
        where = context.option_zone or context.machine_zone
        local = zones.to_utc(frame["ended_local"], where, state.last_resolved.get(INFERENCES.name))
        frames.append(frame.with_columns(pl.coalesce("happened_at", local, "stamp").alias("happened_at")))
    if finished.height:
        rates = records.rates()
        named = _with_names(finished, pl.col("model_blob"), context)
        frames.append(named.with_columns(pl.lit("server_log").alias("origin"), _NEVER.alias("happened_at"), *rates))
    if not frames:
        return pl.DataFrame(schema={"line": pl.Int64()})
    whole = pl.concat(frames, how="diagonal_relaxed").sort("line", maintain_order=True)
    return timed(whole, clock, state)


def _with_names(frame: pl.DataFrame, blob: pl.Expr, context: Context) -> pl.DataFrame:
    """Fill `model` by the file's digest where the log does not name it, and this machine's Ollama does."""
    if not context.blob_names or not frame.height:
        return frame
    known = blob.replace_strict(dict(context.blob_names), default=None, return_dtype=pl.String)
    return frame.with_columns(pl.coalesce("model", known).alias("model"))


def _unowned(unowned: pl.DataFrame) -> pl.DataFrame:
    return unowned.select(
        "line",
        "byte_offset",
        "text",
        pl.lit("no format owns this line").alias("reason"),
        pl.lit(None, pl.String).alias("format"),
        pl.col("text").str.len_bytes().cast(pl.Int64).alias("length_bytes"),
    )


def _rejected(rejected: pl.DataFrame, clock: pl.DataFrame, state: ParserState) -> pl.DataFrame:
    """Rejects with the last time told before them; of a line that was too long to keep no number says where it stands."""
    kept = rejected.drop_nulls("line").sort("line").with_columns(_NEVER.alias("happened_at"))
    long = rejected.filter(pl.col("line").is_null()).with_columns(_NEVER.alias("happened_at"))
    return pl.concat([long, timed(kept, clock, state)])


def _one_end_per_load(events: pl.DataFrame, *, is_open: bool | None) -> tuple[pl.DataFrame, bool | None]:
    """Keep the first of the two lines with which a load ends: 0.30 and later print it twice.

    `is_open` is None where the log has told of no load so far: it may begin in the middle of one.
    """
    is_load = pl.col("event").is_in(["model_load_started", "model_loaded"])
    loads = events.filter(is_load).select("line", (pl.col("event") == "model_load_started").alias("begins"))
    if loads.height == 0:
        return events, is_open
    loads = loads.with_columns(pl.col("begins").shift(1, fill_value=is_open is not False).alias("was_open"))
    again = loads.filter(~pl.col("begins") & ~pl.col("was_open"))["line"]
    event = pl.when(pl.col("line").is_in(again.implode())).then(pl.lit("other")).otherwise(pl.col("event"))
    return events.with_columns(event.alias("event")), bool(loads["begins"][-1])


def _cast(frame: pl.DataFrame, table: Table, source: int, context: Context, turns: pl.DataFrame) -> pl.DataFrame:
    """The columns of a table in its order and types, less `batch`; a mismatch is a fault of a format and stops the turn."""
    kept = placed(frame.drop("session", strict=False).sort("line", nulls_last=False, maintain_order=True), turns, "session")
    given = kept.with_columns(pl.lit(source, pl.Int64).alias("source"), pl.lit(context.host, pl.Categorical()).alias("host"))
    return _conformed(given.with_columns(pl.col("text").str.head(2048)) if table is REJECTS else given, table)


def _conformed(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The columns of a table in its order and types, less `batch`; those that the frame lacks are null, categories stay."""
    schema = {name: kind for name, kind in polars_schema(table).items() if name != "batch"}
    missing = [pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in frame.columns]
    categories = {name for name, kind in frame.schema.items() if isinstance(kind, pl.Categorical)}
    columns = (pl.col(name) if name in categories else pl.col(name).cast(kind) for name, kind in schema.items())
    return frame.with_columns(*missing).select(columns)
