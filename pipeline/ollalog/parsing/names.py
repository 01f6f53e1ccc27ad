"""Names as Ollama's users know them: models, routes, operations."""

from __future__ import annotations

import re
from functools import lru_cache

import polars as pl

_FILE = re.compile(r"sha256[-:][0-9a-f]{6,}|[/\\]blobs[/\\]|\.gguf$|^[A-Za-z]:\\|^/")
_REGISTRY = re.compile(r"^(?:https?://)?(?:registry\.ollama\.ai/)?(?:library/)?")
BLOB = r"sha256[-:]([0-9a-f]{12})"

ROUTES: tuple[tuple[str, str, str], ...] = (
    # method pattern, route, operation
    (r"HEAD|GET", "/", "heartbeat"),
    (r"HEAD|GET", "/api/version", "version"),
    (r"HEAD|GET", "/api/tags", "list"),
    (r"HEAD|GET", "/v1/models", "list"),
    (r"HEAD|GET", "/api/ps", "ps"),
    (r"POST", "/api/show", "show"),
    (r"HEAD|GET", "/v1/models/{model}", "show"),
    (r"POST", "/api/generate", "generate"),
    (r"POST", "/v1/completions", "generate"),
    (r"POST", "/api/chat", "chat"),
    (r"POST", "/v1/chat/completions", "chat"),
    (r"POST", "/v1/responses", "chat"),
    (r"POST", "/v1/messages", "chat"),
    (r"POST", "/v1/audio/transcriptions", "chat"),
    (r"POST", "/api/embed", "embed"),
    (r"POST", "/api/embeddings", "embed"),
    (r"POST", "/v1/embeddings", "embed"),
    (r"POST", "/api/pull", "pull"),
    (r"POST", "/api/push", "push"),
    (r"POST", "/api/create", "create"),
    (r"POST", "/api/copy", "copy"),
    (r"DELETE", "/api/delete", "delete"),
    (r"POST|HEAD", "/api/blobs/{digest}", "blob"),
)


@lru_cache(maxsize=4096)
def model_name(text: str | None) -> str | None:
    """A model's name as Ollama shows it, or None where the text is a file or a digest.

    `registry.ollama.ai/library/` is dropped, `llama3.1` and `llama3.1:latest` are one name (the latter).
    """
    if not text or _FILE.search(text):
        return None
    name = _REGISTRY.sub("", text.strip())
    if not name:
        return None
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


def model_names(text: pl.Series) -> pl.Series:
    """`model_name` for a String column; computed once per distinct text."""
    distinct = text.drop_nulls().unique().to_list()
    named = {value: model_name(value) for value in distinct}
    return text.replace_strict(list(named), list(named.values()), default=None, return_dtype=pl.String)


def route(path: pl.Expr) -> pl.Expr:
    """The route of a path: digests of blobs and names of models become templates, a trailing slash stays."""
    return (
        pl.when(path.str.starts_with("/api/blobs/"))
        .then(pl.lit("/api/blobs/{digest}"))
        .when(path.str.starts_with("/v1/models/"))
        .then(pl.lit("/v1/models/{model}"))
        .otherwise(path)
    )


def operation(method: pl.Expr, route_text: pl.Expr) -> pl.Expr:
    """What a request does, by method and route; "other" where Ollama serves no such route.

    A known path asked with the wrong method is "other" too: the server answers 404 or 405 and runs nothing.
    """
    served = {f"{verb} {path}": name for verbs, path, name in ROUTES for verb in verbs.split("|")}
    asked = pl.concat_str(method, pl.lit(" "), route_text)
    return asked.replace_strict(list(served), list(served.values()), default="other", return_dtype=pl.String)
