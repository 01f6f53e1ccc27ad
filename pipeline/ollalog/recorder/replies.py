"""What a reply of Ollama says of its own costs: durations, tokens, why it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ollalog.recorder.text import bounded
from ollalog.recorder.values import NUMBER, amount

# of Ollama's API (durations in ns): the name in a record and the factor to its unit
_OF_API = (
    ("load_duration", "load_duration_ms", 1e-6),
    ("prompt_eval_duration", "prompt_eval_duration_ms", 1e-6),
    ("eval_duration", "eval_duration_ms", 1e-6),
    ("prompt_eval_count", "prompt_tokens", 1),
    ("eval_count", "generated_tokens", 1),
)
AMOUNTS = (*(name for _, name, _ in _OF_API), "cached_tokens", "tokens_per_second", "prompt_tokens_per_second")
"""Fields of a record that a reply may tell."""


def costs(response: object) -> dict[str, object]:
    """The fields of a record that a reply tells.

    Args:
        response: A mapping with the names of Ollama's API or of performance.jsonl, an object of the `ollama` package, or None.

    Returns:
        Fields of performance.jsonl; empty where the reply tells nothing.
    """
    if response is None:
        return {}
    told: dict[str, object] = {}
    member = member_of(response)
    for name, field, factor in _OF_API:
        if (given := member(name)) is not None and (value := amount(given)) is not None:
            told[field] = round(value * factor, 6) if factor != 1 else value
    if isinstance(response, Mapping):
        for name in AMOUNTS:
            if (given := member(name)) is not None and (value := amount(given)) is not None:
                told[name] = value
    if isinstance(reason := member("done_reason"), str):
        told["done_reason"] = bounded(reason)
    return told


def total_ms(response: object) -> float | None:
    """The whole duration as a reply tells it; ms."""
    total_ns = amount(member_of(response)("total_duration")) if response is not None else None
    return None if total_ns is None else round(total_ns * 1e-6, 6)


def error_of(response: object) -> object:
    """The error that a reply consists of; None for none."""
    return response.get("error") if isinstance(response, Mapping) else None


def member_of(response: object) -> Callable[[str], object]:
    """How members of a reply are read."""
    if isinstance(response, Mapping):
        return response.get
    return lambda name: getattr(response, name, None)


def missing_rates(told: Mapping[str, object]) -> dict[str, object]:
    """Speeds of generation and of the prompt's evaluation, from counts and durations, where a record does not have them; 1/s."""
    rates: dict[str, object] = {}
    generated, eval_ms = told.get("generated_tokens"), told.get("eval_duration_ms")
    # the time of a single token is that of sampling alone: the rate would be absurd
    if "tokens_per_second" not in told and isinstance(generated, NUMBER) and isinstance(eval_ms, NUMBER) and generated > 1 and eval_ms:
        rates["tokens_per_second"] = round(generated * 1e3 / eval_ms, 3)
    prompt, prompt_ms, cached = told.get("prompt_tokens"), told.get("prompt_eval_duration_ms"), told.get("cached_tokens", 0)
    if "prompt_tokens_per_second" not in told and isinstance(prompt, NUMBER) and isinstance(prompt_ms, NUMBER) and prompt_ms:
        evaluated = prompt - cached if isinstance(cached, NUMBER) else prompt
        if evaluated > 0:
            rates["prompt_tokens_per_second"] = round(evaluated * 1e3 / prompt_ms, 3)
    return rates
