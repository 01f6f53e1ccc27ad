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
_NUMBER = r'"%s":"([\d.]+) ?(?:([KMGT]?i?)B)?"'
_SCALE = {"": 1, "K": 10**3, "Ki": 2**10, "M": 10**6, "Mi": 2**20, "G": 10**9, "Gi": 2**30, "T": 10**12, "Ti": 2**40}


def told(frame: pl.DataFrame) -> pl.DataFrame:
    """Add COLUMNS to a frame of `level`, `quoted` (message, perhaps Go-quoted) and `tail` (attributes); drops the last two."""
    frame = frame.with_columns(_attrs(frame["tail"], frame["level"]), _plain(frame["quoted"]).alias("message"))
    frame = frame.join(_kinds(frame["message"]), on="message", how="left", maintain_order="left")
    return _with_details(frame).drop("quoted", "tail")


def split_message(said: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Cut what follows "msg=" into the message, its quotes kept, and the attributes; for messages without a backslash.

    Args:
        said: String column: `"loaded runners" count=1`, `offload library=cpu`.

    Returns:
        Two String columns of the same length: `"loaded runners"` and ` count=1`; the second may be null or empty.
    """
    quoted = said.str.slice(1).str.splitn('"', 2)
    bare = said.str.splitn(" ", 2)
    is_quoted = said.str.starts_with('"')
    message = (
        pl.when(is_quoted)
        .then(pl.concat_str(pl.lit('"'), quoted.struct.field("field_0"), pl.lit('"')))
        .otherwise(bare.struct.field("field_0"))
    )
    tail = pl.when(is_quoted).then(quoted.struct.field("field_1")).otherwise(pl.concat_str(pl.lit(" "), bare.struct.field("field_1")))
    return message, tail


def _plain(quoted: pl.Series) -> pl.Series:
    distinct = quoted.drop_nulls().unique().to_list()
    unquoted = [go_text.unquote(text[1:-1]) if text[:1] == '"' else text for text in distinct]
    return quoted.replace_strict(distinct, unquoted, default=None, return_dtype=pl.String)


def _attrs(tails: pl.Series, levels: pl.Series) -> pl.Series:
    """Attributes as JSON text; null for DEBUG and TRACE, whose attributes can hold prompts, and where there are none.

    Where every value is quoted, or none is, replacing the separators does; a pattern reads the mixed ones, and Go's
    rules of quoting, in Python, what has escapes.
    """
    text = pl.col("tail")
    frame = pl.DataFrame({"tail": tails, "level": levels}).with_columns(
        pl.when(pl.col("level").is_in(["DEBUG", "TRACE"]) | (text.str.len_bytes() < 2)).then(None).otherwise(text).alias("tail")
    )
    equals, quotes = text.str.count_matches("=", literal=True), text.str.count_matches('"', literal=True)
    frame = frame.with_columns(
        pl.when(text.str.contains("\\", literal=True)).then(pl.lit("escaped"))
        .when((quotes == 2 * equals) & (text.str.count_matches('="', literal=True) == equals)).then(pl.lit("quoted"))
        .when((quotes == 0) & (text.str.count_matches(" ", literal=True) == equals)).then(pl.lit("bare"))
        .when(text.is_not_null()).then(pl.lit("mixed")).alias("spelling")
    )  # fmt: skip
    body = text.str.slice(1)
    by_spelling = {
        "quoted": body.str.replace_all('="', '":"', literal=True).str.replace_all('" ', '","', literal=True).str.strip_suffix('"'),
        "bare": body.str.replace_all("=", '":"', literal=True).str.replace_all(" ", '","', literal=True),
    }
    frame = frame.with_row_index("place")
    done = [
        frame.filter(pl.col("spelling") == spelling).select("place", pl.concat_str(pl.lit('{"'), pairs, pl.lit('"}')).alias("attrs"))
        for spelling, pairs in by_spelling.items()
    ]
    done.append(_mixed_attributes(frame.filter(pl.col("spelling").is_in(["mixed", "escaped"]))))
    return frame.select("place").join(pl.concat(done), on="place", how="left", maintain_order="left")["attrs"]


def _mixed_attributes(frame: pl.DataFrame) -> pl.DataFrame:
    """`place` and `attrs` (JSON) of a frame of `place`, `tail`, `spelling`."""
    text = pl.col("tail")
    joined = text.str.replace_all(_ATTRIBUTE, '"$1$2":"$3$4",')
    is_plain = (pl.col("spelling") == "mixed") & joined.str.contains(r'^(?:"[^"]*":"[^"]*",)+$')
    plain = frame.filter(is_plain).select("place", pl.concat_str(pl.lit("{"), joined.str.strip_suffix(","), pl.lit("}")).alias("attrs"))
    odd = frame.filter(~is_plain)
    read = pl.Series("attrs", [_odd_attributes(tail) for tail in odd["tail"]], dtype=pl.String)
    return pl.concat([plain, odd.select("place").with_columns(read)])


def _odd_attributes(tail: str) -> str | None:
    """Attributes that need Go's rules of quoting; the server's settings become a JSON object of their own, less secrets."""
    pairs: dict[str, object] = dict(go_text.attributes(tail))
    environment = pairs.get("env")
    if isinstance(environment, str) and environment.startswith("map["):
        settings = _SETTING.findall(environment[4:].rstrip("]"))
        pairs["env"] = {key: value for key, value in settings if not _SECRET.search(key)}
    return json.dumps(pairs, ensure_ascii=False) if pairs else None


def _kinds(messages_told: pl.Series) -> pl.DataFrame:
    """What distinct messages tell by their text alone: `message`, `by_text` (event), `duration_ns`, `share`, `extras`."""
    rows = [(text, *_kind(*messages.event_of(text))) for text in messages_told.drop_nulls().unique().to_list()]
    schema = {"message": pl.String(), "by_text": pl.String(), "duration_ns": pl.Int64(), "share": pl.Float64(), "extras": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _kind(event: str, groups: dict[str, str]) -> tuple[str, int | None, float | None, str | None]:
    seconds = groups.pop("seconds", None)
    duration_ns = round(float(seconds) * 1e9) if seconds else None
    share = int(groups["offloaded"]) / max(1, int(groups["layers"])) if "layers" in groups else None
    return event, duration_ns, share, json.dumps(groups, ensure_ascii=False) if groups else None


def _with_details(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `event`, `model` and `value` to a frame of `message`, `tail`, `attrs`, `level` and what `_kinds` tells."""
    tail, message, by_text = pl.col("tail").fill_null(""), pl.col("message"), pl.col("by_text")
    is_short_of_memory = pl.concat_str(message, tail).str.contains_any(list(messages.OUT_OF_MEMORY), ascii_case_insensitive=True)
    is_loud = pl.col("level").is_in(["WARN", "ERROR"]) | (by_text == "model_load_failed")
    odd = frame.with_row_index("place").filter(is_loud | by_text.is_in(["runner_crashed", "model_load_started"]))
    event = (
        # a killed runner without an exit state is how 0.33 logs a normal unload
        pl.when((by_text == "runner_crashed") & message.str.ends_with("terminated") & tail.str.contains(messages.NORMAL_STOP))
        .then(pl.lit("runner_stopped"))
        # a runner without a model only looks for GPUs
        .when((message == "starting runner") & ~tail.str.contains("--model", literal=True)).then(pl.lit("other"))
        .when(by_text.is_in(["other", "model_load_failed"]) & is_short_of_memory).then(pl.lit("out_of_memory"))
        .otherwise(by_text).alias("event")
    )  # fmt: skip
    told_otherwise = odd.select("place", event)
    frame = frame.with_row_index("place").join(told_otherwise, on="place", how="left", maintain_order="left")
    frame = frame.with_columns(pl.coalesce("event", "by_text").alias("event"), *_models_and_values(frame))
    return _with_extras(frame).drop("place", "by_text", "share", "extras")


def _models_and_values(frame: pl.DataFrame) -> list[pl.Series]:
    model = names.model_names(frame["attrs"].str.extract(r'"model":"((?:[^"\\]|\\.)*)"')).alias("model")
    value = pl.col("share")
    for event, key in _VALUES.items():
        number = pl.col("attrs").str.extract_groups(_NUMBER % key).struct
        scaled = number.field("1").cast(pl.Float64, strict=False) * number.field("2").fill_null("").replace_strict(
            _SCALE, default=None, return_dtype=pl.Float64
        )
        if (frame["by_text"] == event).any():
            value = pl.when(pl.col("by_text") == event).then(scaled).otherwise(value)
    return [model, frame.select(value.alias("value"))["value"]]


def _with_extras(frame: pl.DataFrame) -> pl.DataFrame:
    """Put what a message itself says (a version, layers) among the attributes of its line."""
    places = frame.filter(pl.col("extras").is_not_null()).select("place", "attrs", "extras")
    if places.height == 0:
        return frame
    merged = [json.dumps(json.loads(attrs or "{}") | json.loads(extras), ensure_ascii=False) for _, attrs, extras in places.iter_rows()]
    added = places.select("place").with_columns(pl.Series("with_extras", merged, dtype=pl.String))
    joined = frame.join(added, on="place", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("with_extras", "attrs").alias("attrs")).drop("with_extras")


def of_texts(texts: pl.Series, level: str, event: str | None = None) -> pl.DataFrame:
    """COLUMNS for lines that are nothing but a message; `event` overrides what the text alone would tell."""
    frame = told(texts.to_frame("quoted").with_columns(pl.lit(level).alias("level"), pl.lit("").alias("tail")))
    return frame.with_columns(pl.lit(event).alias("event") if event else pl.col("event")).select(COLUMNS)
