"""Sections about where the time goes: speed, loading, breakdown, length of prompts, change over time, server versions."""

from __future__ import annotations

from ollalog.cli import units
from ollalog.cli.report_fields import House, change, number, rows_of, share, shortened, speed, text, time, when
from ollalog.cli.report_model import Field, Section

PROMPT_ROWS_SHOWN, RUNS_SHOWN = 20, 10
PARTS = ("load_ratio", "prompt_eval_ratio", "eval_ratio", "other_ratio")


def speeds(house: House) -> Section:
    """E7: generation and prompt speed of every measured run."""
    fields = (
        text("model", "model"),
        number("runs", "runs"),
        speed("tokens_per_second", "tok/s"),
        speed("p5_tokens_per_second", "p5"),
        speed("median_tokens_per_second", "median"),
        speed("p95_tokens_per_second", "p95"),
        speed("prompt_tokens_per_second", "prompt tok/s"),
        number("generated_tokens", "tokens", optional=True),
    )
    notes = [
        "Every run that was timed, by a record of performance.jsonl or by the server log (Ollama 0.30 and later); no cached prompt tokens."
    ]
    return Section("speeds", "Generation speed", fields, rows_of(house, "model_speed"), notes)


def loading(house: House) -> Section:
    """E6: cold and warm starts, and what switching between models costs."""
    thrash = {row["model"]: row["quick_reloads"] for row in rows_of(house, "model_thrash")}
    rows = [
        row | {"quick_reloads": thrash.get(row["model"])} for row in rows_of(house, "model_load") if row["measured"] or row["logged_loads"]
    ]
    measured = [row for row in rows if row["measured"]]
    fields = (
        text("model", "model"),
        number("cold", "cold"),
        number("warm", "warm"),
        time("cold_mean_ns", "cold mean"),
        time("warm_mean_ns", "warm mean"),
        time("cold_total_ns", "lost"),
        number("switches", "switches"),
        time("switch_cost_ns", "each costs"),
        number("quick_reloads", "reloads", optional=True),
        *_logged(optional=True),
    )
    if not measured:
        notes = ["No request tells how long it waited for its model: these are the loads that the server log tells of."]
        return Section("loading", "Loading of models", (text("model", "model"), *_logged(optional=False)), rows, notes)
    notes = [
        (
            "cold: waited for the model to load (a load in the log, or 0.5 s and more in a record). lost: time in cold starts. "
            "switches: requests right after one of another model."
        )
    ]
    logged = [row for row in rows if row["logged_loads"]]
    if logged:
        loads = sum(row["logged_loads"] for row in logged)
        mean_ns = sum(row["logged_loads"] * (row["logged_mean_ns"] or 0) for row in logged) / loads
        again = sum(row["quick_reloads"] or 0 for row in rows)
        thrashing = f"; {again:,} of them within 10 minutes of the model's last load" if again else ""
        notes.append(f"The server log tells of {units.counted(loads, 'load')}, {units.duration(mean_ns)} each on average{thrashing}.")
    return Section("loading", "Loading of models", fields, rows, notes, measured)


def _logged(*, optional: bool) -> tuple[Field, Field]:
    """What the server log alone tells of loading."""
    return number("logged_loads", "loads in log", optional=optional), time("logged_mean_ns", "mean", optional=optional)


def breakdown(house: House) -> Section:
    """E8: load, prompt evaluation, generation and the rest."""
    rows = [row for row in rows_of(house, "latency_breakdown") if row["requests"]]
    fields = (
        text("model", "model"),
        number("requests", "requests", optional=True),
        share("load_ratio", "load"),
        share("prompt_eval_ratio", "prompt"),
        share("eval_ratio", "gen"),
        share("other_ratio", "rest"),
        Field("parts", "", lambda ratios, charset: charset.stacked(ratios, 24), left=True),
    )
    notes = [
        "Shares of load, evaluation of the prompt, generation, and the rest (queue, transport), of requests that tell at least one of them."
    ]
    return Section(
        "breakdown", "Where the time goes", fields, rows, notes, [row | {"parts": [row[part] or 0 for part in PARTS]} for row in rows]
    )


def prompts(house: House) -> Section:
    """E9: what longer prompts cost."""
    rows = rows_of(house, "prompt_length_effect")
    lines = [row | {"length": _range(row["from_tokens"], row["to_tokens"])} for row in rows]
    fields = (
        text("model", "model"),
        Field("length", "prompt tokens", lambda value, _: str(value)),
        number("requests", "requests"),
        time("p50_ns", "p50"),
        time("p95_ns", "p95"),
        time("prompt_eval_mean_ns", "prompt mean"),
        speed("prompt_tokens_per_second", "prompt tok/s"),
    )
    return Section("prompts", "Length of prompts", fields, rows, *shortened(lines, PROMPT_ROWS_SHOWN, "prompt_length_effect"))


def degradation(house: House) -> Section:
    """E10: does a model get slower?"""
    changes = ("p50_change_ratio", "p95_change_ratio", "tokens_per_second_change_ratio")
    rows = [row for row in rows_of(house, "degradation") if any(row[name] is not None for name in changes)]
    fields = (
        text("model", "model"),
        number("hours", "hours"),
        change("p50_change_ratio", "p50"),
        change("p95_change_ratio", "p95"),
        change("tokens_per_second_change_ratio", "tok/s"),
    )
    notes = [
        "The second half of each model's time against the first; hours: with requests. +20% of p95 is slower, +20% of tok/s is faster."
    ]
    return Section("degradation", "Change over time", fields, rows, notes)


def versions(house: House) -> Section:
    """Each run of the server, with the Ollama version that it said it is."""
    rows = rows_of(house, "versions")
    fields = (
        text("host", "host", width=24),
        text("version", "version"),
        when("started_at", "started (UTC)"),
        number("requests", "requests"),
        number("failures", "failures"),
        time("p50_ns", "p50"),
        time("p95_ns", "p95"),
        speed("tokens_per_second", "tok/s"),
    )
    return Section("versions", "Runs of the server", fields, rows, *shortened(rows, RUNS_SHOWN, "versions"))


def _range(start: int, end: int | None) -> str:
    return f"{start:,} and more" if end is None else f"{start:,} to {end:,}"
