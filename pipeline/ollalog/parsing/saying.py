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
_ATTRIBUTE = r'(?:^| )(?:"([^"\\]*)"|([^\s"=]+))=(?:"([^"\\]*)"|([^\s"]*))'
_SETTING = re.compile(r"([A-Z][A-Z0-9_]+):(.*?)(?= [A-Z][A-Z0-9_]+:|\]?$)")
_SECRET = re.compile(r"PROXY|TOKEN|SECRET|PASSWORD|API_KEY", re.IGNORECASE)
_VALUES = {"prompt_truncated": "prompt", "runners_counted": "count", "gpu_found": "total"}
_BYTES = re.compile(r"^([\d.]+) ([KMGT]?i?)B$")
_SCALE = {"": 1, "K": 10**3, "Ki": 2**10, "M": 10**6, "Mi": 2**20, "G": 10**9, "Gi": 2**30, "T": 10**12, "Ti": 2**40}


def meanings(rests: pl.Series, pattern: str) -> pl.DataFrame:
    """What distinct line ends mean.

    Args:
        rests: distinct texts of the lines from their level on.
        pattern: regular expression with the groups level, message (perhaps Go-quoted) and attributes.

    Returns:
        One row per text: `rest` and COLUMNS; `event` is null where the pattern does not match.
    """
    groups = rests.str.extract_groups(pattern).struct.unnest()
    groups.columns = ["level", "quoted", "tail"]
    return told(pl.DataFrame({"rest": rests}).hstack(groups))


def told(frame: pl.DataFrame) -> pl.DataFrame:
    """Add COLUMNS to a frame of `level`, `quoted` (message, perhaps Go-quoted) and `tail` (attributes); drops these two."""
    frame = frame.with_columns(_attrs(frame["tail"], frame["level"]), _plain(frame["quoted"]).alias("message"))
    kinds = _kinds(frame.select("message", "level").unique())
    frame = frame.join(kinds, on=["message", "level"], how="left", maintain_order="left", nulls_equal=True)
    return _with_details(frame).select(pl.exclude("quoted", "tail", "plain_event"))


def _plain(quoted: pl.Series) -> pl.Series:
    distinct = quoted.drop_nulls().unique().to_list()
    unquoted = [go_text.unquote(text[1:-1]) if text[:1] == '"' else text for text in distinct]
    return quoted.replace_strict(distinct, unquoted, default=None, return_dtype=pl.String)


def _attrs(tails: pl.Series, levels: pl.Series) -> pl.Series:
    """Attributes as JSON text; null for DEBUG and TRACE, whose attributes can hold prompts, and where there are none."""
    frame = pl.DataFrame({"tail": tails, "level": levels}).with_columns(
        pl.when(pl.col("level").is_in(["DEBUG", "TRACE"])).then(None).otherwise(pl.col("tail")).alias("tail")
    )
    text = pl.col("tail")
    joined = text.str.replace_all(_ATTRIBUTE, '"$1$2":"$3$4",')
    is_plain = ~text.str.contains("\\", literal=True) & joined.str.contains(r'^(?:"[^"]*":"[^"]*",)+$')
    frame = frame.with_columns(
        pl.when(is_plain).then(pl.concat_str(pl.lit("{"), joined.str.strip_suffix(","), pl.lit("}"))).alias("attrs"),
        (~is_plain & (text.str.strip_chars() != "")).fill_null(value=False).alias("is_odd"),
    )
    odd = frame.filter("is_odd")["tail"].unique().to_list()
    if not odd:
        return frame["attrs"]
    converted = {tail: _odd_attributes(tail) for tail in odd}
    read = frame["tail"].replace_strict(list(converted), list(converted.values()), default=None, return_dtype=pl.String)
    return frame.select(pl.coalesce(read, "attrs").alias("attrs"))["attrs"]


def _odd_attributes(tail: str) -> str | None:
    """Attributes that need Go's rules of quoting; the server's settings become a JSON object of their own, less secrets."""
    pairs: dict[str, object] = dict(go_text.attributes(tail))
    environment = pairs.get("env")
    if isinstance(environment, str) and environment.startswith("map["):
        settings = _SETTING.findall(environment[4:].rstrip("]"))
        pairs["env"] = {key: value for key, value in settings if not _SECRET.search(key)}
    return json.dumps(pairs, ensure_ascii=False) if pairs else None


def _kinds(distinct: pl.DataFrame) -> pl.DataFrame:
    """Add `plain_event`: what a message tells by its text alone."""
    pairs = zip(distinct["message"].to_list(), distinct["level"].to_list(), strict=True)
    events = [None if text is None else messages.event_of(text, level or "", "")[0] for text, level in pairs]
    return distinct.with_columns(pl.Series("plain_event", events, dtype=pl.String))


_PLAIN_EVENTS = ("other", "runners_counted", "context_reduced")


def _with_details(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `event`, `model`, `duration_ns` and `value`; row by row for the few lines whose event carries details."""
    needs_details = ~pl.col("plain_event").is_in(_PLAIN_EVENTS) | (
        (pl.col("plain_event") == "other") & (pl.col("level").is_in(["WARN", "ERROR"]))
    )
    frame = frame.with_columns(needs_details.fill_null(value=False).alias("needs_details")).with_row_index("place")
    plain = frame.filter(~pl.col("needs_details")).with_columns(
        pl.col("plain_event").alias("event"),
        names.model_names(frame.filter(~pl.col("needs_details"))["attrs"].str.extract(r'"model":"([^"\\]*)"')).alias("model"),
        pl.lit(None, pl.Int64).alias("duration_ns"),
        pl.when(pl.col("plain_event") == "runners_counted")
        .then(pl.col("attrs").str.extract(r'"count":"(\d+)"').cast(pl.Float64))
        .otherwise(None)
        .alias("value"),
    )
    detailed = frame.filter("needs_details")
    read = [detail(*row) for row in detailed.select("message", "level", "tail", "attrs").iter_rows()]
    schema = {"event": pl.String(), "model": pl.String(), "duration_ns": pl.Int64(), "value": pl.Float64(), "attrs": pl.String()}
    columns = pl.DataFrame(read, schema=schema, orient="row")
    detailed = detailed.drop("attrs").hstack(columns).select(plain.columns)
    return pl.concat([plain, detailed]).sort("place").drop("place", "needs_details")


def detail(message: str, level: str | None, tail: str | None, attrs: str | None) -> tuple[str, str | None, int | None, float | None, str | None]:
    """Event, model, duration (ns), value and attributes (JSON) of one line."""
    event, found = messages.event_of(message, level or "", tail or "")
    pairs = json.loads(attrs) if attrs else {}
    groups = {key: text for key, text in (found.groupdict() if found else {}).items() if text}
    seconds = groups.pop("seconds", None)
    duration_ns = round(float(seconds) * 1e9) if seconds else None
    pairs.update(groups)
    keeps_attrs = level not in {"DEBUG", "TRACE"}
    model = names.model_name(pairs.get("model") if isinstance(pairs.get("model"), str) else None)
    return event, model, duration_ns, _value(event, pairs), json.dumps(pairs, ensure_ascii=False) if pairs and keeps_attrs else None


def _value(event: str, pairs: dict[str, str]) -> float | None:
    """The number that an event tells: tokens of a truncated prompt, bytes of a GPU, share of layers offloaded."""
    if event == "layers_offloaded":
        layers = int(pairs["layers"])
        return int(pairs["offloaded"]) / layers if layers else None
    text = pairs.get(_VALUES.get(event, ""), "")
    size = _BYTES.match(text)
    if size:
        return float(size[1]) * _SCALE[size[2]]
    return float(text) if re.fullmatch(r"\d{1,15}(\.\d+)?", text) else None


def of_texts(texts: pl.Series, level: str, event: str | None = None) -> pl.DataFrame:
    """COLUMNS for lines that are nothing but a message; `event` overrides what the text alone would tell."""
    read = [detail(text, level, "", None) for text in texts.to_list()]
    schema = {"event": pl.String(), "model": pl.String(), "duration_ns": pl.Int64(), "value": pl.Float64(), "attrs": pl.String()}
    frame = pl.DataFrame(read, schema=schema, orient="row").with_columns(
        pl.lit(level).alias("level"), texts.alias("message")
    )
    return frame.with_columns(pl.lit(event).alias("event") if event else pl.col("event")).select(COLUMNS)


