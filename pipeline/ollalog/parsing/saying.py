"""From the message and attributes of a line to the columns of table `server_events`."""

from __future__ import annotations

import json
import re

import polars as pl

from ollalog.parsing import go_text, messages, names

COLUMNS = ("level", "event", "model", "duration_ns", "value", "message", "attrs")
SCHEMA = {
    "level": pl.String(),
    "event": pl.String(),
    "model": pl.String(),
    "duration_ns": pl.Int64(),
    "value": pl.Float64(),
    "message": pl.String(),
    "attrs": pl.String(),
}
SAID_SCHEMA = {
    "line": pl.UInt32(),
    "byte_offset": pl.Int64(),
    "stamp": pl.Datetime("us", "UTC"),
    "ended_local": pl.Datetime("us"),
    "zone_s": pl.Int32(),
    "level": pl.String(),
    "message": pl.String(),
    "tail": pl.String(),
    "known_event": pl.String(),
}
_ATTRIBUTE = r'(?:^| )(?:"([^"\\]*)"|([^\s"=]+))=(?:"([^"\\]*)"|([^\s"]*))'
_ODD = r'[\\\x00-\x1f]|env="map\['
_ALL_QUOTED = r'^[^ "=]+="[^"=]*"(?: [^ "=]+="[^"=]*")*$'
_ALL_BARE = r'^[^ "=]+=[^ "=]*(?: [^ "=]+=[^ "=]*)*$'
_KEY = r"(?:[A-Z][A-Z0-9_]+|https?_proxy|no_proxy|all_proxy)"
_SETTING = re.compile(rf"({_KEY}):(.*?)(?= {_KEY}:|$)")
_SECRET = re.compile(r"PROXY|TOKEN|SECRET|PASSWORD|API_KEY", re.IGNORECASE)
_SOME_MEMORY = r'"total vram"="[^"]*[1-9]'
_VALUES = {"prompt_truncated": "prompt", "runners_counted": "count", "gpu_found": "total"}
_NUMBER = r'"%s":"([0-9.]+) ?(?:([KMGT]?i?)B)?"'
_SCALE = {"": 1, "K": 10**3, "Ki": 2**10, "M": 10**6, "Mi": 2**20, "G": 10**9, "Gi": 2**30, "T": 10**12, "Ti": 2**40}


def told(said: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """What lines that carry a message mean.

    Args:
        said: one row per line, SAID_SCHEMA: `message` and `level` are plain text, `tail` holds the attributes as written,
            `known_event` an event that the format has found out by other means.

    Returns:
        One row per line that is stored, with COLUMNS in place of `tail` and `known_event`; the number of DEBUG and TRACE
        lines left out because they tell no event.
    """
    is_quiet = pl.col("level").is_in(["DEBUG", "TRACE"])
    named = said.join(_kinds(said["message"]), on="message", how="left", maintain_order="left").with_columns(
        pl.coalesce("known_event", "by_text").alias("by_text")
    )
    tells_nothing = (pl.col("by_text") == "other") | pl.col("message").is_in(messages.ALSO_AT_DEBUG)
    is_left_out = named.select((is_quiet & tells_nothing).alias("out"))["out"]
    kept = named.filter(~is_left_out) if is_left_out.any() else named
    full = kept.join(_details(kept["tail"]), on="tail", how="left", maintain_order="left").with_columns(
        pl.when(~is_quiet).then(pl.col(name)).alias(name) for name in ("attrs", "model")
    )
    columns = [*said.drop("tail", "known_event", *(name for name in COLUMNS if name in said)).columns, *COLUMNS]
    return _with_extras(_with_values(_with_events(full))).select(columns), said.height - kept.height


def _details(tails: pl.Series) -> pl.DataFrame:
    """What distinct attributes say by themselves: `tail`, `attrs` (JSON), `model`."""
    distinct = tails.unique()
    attrs = _attrs(distinct)
    models = names.model_names(attrs.str.extract(r'"model":"((?:[^"\\]|\\.)*)"'))
    return pl.DataFrame({"tail": distinct, "attrs": attrs, "model": models})


def _attrs(tails: pl.Series) -> pl.Series:
    """Attributes as JSON text; null where there are none.

    Where every value is quoted, or none is, replacing the separators does; a pattern reads the mixed ones, and Go's
    rules of quoting, in Python, what has escapes.
    """
    attrs = pl.Series("attrs", [None], dtype=pl.String).new_from_index(0, tails.len())
    places = (tails.str.len_bytes() > 0).arg_true()
    odd = places.filter(tails.gather(places).str.contains(_ODD))
    places = places.filter(~places.is_in(odd.implode()))
    for pattern, read in ((_ALL_QUOTED, _all_quoted), (_ALL_BARE, _all_bare)):
        is_it = tails.gather(places).str.contains(pattern)
        attrs = attrs.scatter(places.filter(is_it), read(tails.gather(places.filter(is_it))))
        places = places.filter(~is_it)
    mixed = "{" + tails.gather(places).str.replace_all(_ATTRIBUTE, '"$1$2":"$3$4",').str.strip_suffix(",") + "}"
    is_read = mixed.str.contains(r'^\{"[^"]*":"[^"]*"(?:,"[^"]*":"[^"]*")*\}$')
    attrs = attrs.scatter(places.filter(is_read), mixed.filter(is_read))
    rest = pl.concat([odd, places.filter(~is_read)])
    return attrs.scatter(rest, pl.Series([_odd_attributes(tail) for tail in tails.gather(rest)], dtype=pl.String))


def _all_quoted(tails: pl.Series) -> pl.Series:
    return '{"' + tails.str.replace_all('="', '":"', literal=True).str.replace_all('" ', '","', literal=True) + "}"


def _all_bare(tails: pl.Series) -> pl.Series:
    return '{"' + tails.str.replace_all("=", '":"', literal=True).str.replace_all(" ", '","', literal=True) + '"}'


def _odd_attributes(tail: str) -> str | None:
    """Attributes that need Go's rules of quoting; the server's settings become a JSON object of their own, less secrets."""
    pairs: dict[str, object] = dict(go_text.attributes(tail))
    environment = pairs.get("env")
    if isinstance(environment, str) and environment.startswith("map["):
        settings = _SETTING.findall(environment[4:].removesuffix("]"))
        pairs["env"] = {key: value for key, value in settings if not _SECRET.search(key)}
    return json.dumps(pairs, ensure_ascii=False) if pairs else None


def _kinds(messages_told: pl.Series) -> pl.DataFrame:
    """What distinct messages tell by their text alone: `message`, `by_text` (event), `duration_ns`, `share`, `extras`."""
    rows = [(text, *_kind(*messages.event_of(text))) for text in messages_told.drop_nulls().unique().to_list()]
    schema = {"message": pl.String(), "by_text": pl.String(), "duration_ns": pl.Int64(), "share": pl.Float64(), "extras": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _kind(event: str, found: tuple[tuple[str, str], ...]) -> tuple[str, int | None, float | None, str | None]:
    groups = dict(found)
    seconds = groups.pop("seconds", None)
    duration_ns = round(float(seconds) * 1e9) if seconds else None
    share = int(groups["offloaded"]) / max(1, int(groups["layers"])) if "layers" in groups else None
    return event, duration_ns, share, json.dumps(groups, ensure_ascii=False) if groups else None


def _with_events(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `event` to a frame of `message`, `tail`, `level` and `by_text`."""
    tail, message, by_text = pl.col("tail"), pl.col("message"), pl.col("by_text")
    is_loud = pl.col("level").is_in(["WARN", "ERROR"]) | (by_text == "model_load_failed")
    is_short_of_memory = pl.concat_str(message, tail).str.contains(messages.OUT_OF_MEMORY)
    event = (
        # a killed runner without an exit state is how 0.33 logs a normal unload
        pl.when((by_text == "runner_crashed") & message.str.ends_with("terminated") & tail.str.contains(messages.NORMAL_STOP))
        .then(pl.lit("runner_stopped"))
        # a runner without a model only looks for GPUs
        .when((message == "starting runner") & ~tail.str.contains("--model", literal=True)).then(pl.lit("other"))
        # a server names the processor where it finds no GPU; one with little memory on its GPU says "low vram mode", too
        .when((by_text == "gpu_found") & tail.str.contains(r"(?:^| )library=cpu(?: |$)")).then(pl.lit("gpu_missing"))
        .when((by_text == "gpu_missing") & tail.str.contains(_SOME_MEMORY)).then(pl.lit("other"))
        .when(by_text.is_in(["other", "model_load_failed"]) & is_short_of_memory).then(pl.lit("out_of_memory"))
        .otherwise(by_text).alias("event")
    )  # fmt: skip
    is_doubtful = by_text.is_in(["model_load_started", "gpu_found", "gpu_missing"])
    places = frame.select((is_loud | is_doubtful).alias("odd"))["odd"].arg_true()
    if places.len() == 0:
        return frame.with_columns(by_text.alias("event"))
    distinct = frame.select("message", "tail", "by_text")[places].unique().with_columns(event)
    odd = frame.select("message", "tail", "by_text")[places].join(
        distinct, on=["message", "tail", "by_text"], how="left", maintain_order="left"
    )
    return frame.with_columns(frame["by_text"].scatter(places, odd["event"]).alias("event"))


def _with_values(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `value`: of a share of layers, or of the attribute that matters most for an event."""
    value, events = frame["share"].alias("value"), frame["by_text"]
    for event in events.filter(events.is_in(list(_VALUES))).unique():
        places = (events == event).arg_true()
        number = frame["attrs"].gather(places).str.extract_groups(_NUMBER % _VALUES[event]).struct
        scale = number.field("2").fill_null("").replace_strict(_SCALE, default=None, return_dtype=pl.Float64)
        value = value.scatter(places, number.field("1").cast(pl.Float64, strict=False) * scale)
    return frame.with_columns(value)


def _with_extras(frame: pl.DataFrame) -> pl.DataFrame:
    """Put what a message itself says (a version, layers) among the attributes of its line."""
    places = frame["extras"].is_not_null().arg_true()
    if places.len() == 0:
        return frame
    attrs, extras = frame["attrs"].gather(places), frame["extras"].gather(places)
    if attrs.null_count() == attrs.len():
        merged = extras
    else:
        both = zip(attrs, extras, strict=True)
        merged = pl.Series([json.dumps(json.loads(one or "{}") | json.loads(other), ensure_ascii=False) for one, other in both])
    return frame.with_columns(frame["attrs"].scatter(places, merged))


def of_texts(lines: pl.DataFrame, level: str, event: str | None = None) -> pl.DataFrame:
    """Lines by LINE_SCHEMA that are nothing but a message, by SAID_SCHEMA; `event` where the format knows it already."""
    return lines.select(
        *("line", "byte_offset", "stamp"),
        pl.lit(None, SAID_SCHEMA["ended_local"]).alias("ended_local"),
        pl.lit(None, pl.Int32).alias("zone_s"),
        pl.lit(level).alias("level"),
        pl.col("text").str.head(2048).alias("message"),
        pl.lit("").alias("tail"),
        pl.lit(event, pl.String).alias("known_event"),
    )
