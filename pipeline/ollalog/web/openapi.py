"""The OpenAPI document, made from the endpoints, and a page that shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ollalog.web.answers import Problem
from ollalog.web.endpoints import Endpoint

DESCRIPTION = "How the models of an Ollama server perform, from its logs. Durations end in _ns (ns) or _s (s), shares are 0 to 1."
REF = "#/components/schemas/{model}"


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of endpoints."""
    models: list[type[BaseModel]] = [Problem]
    for endpoint in endpoints:
        models += [model for model in (endpoint.returns, endpoint.body) if isinstance(model, type) and model not in models]
    _, schemas = models_json_schema([(model, "serialization") for model in models], ref_template=REF)
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        paths.setdefault(_path(endpoint), {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ollalog",
            "version": version("ollalog"),
            "description": DESCRIPTION,
        },
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "where the service listens beyond this machine"}
            },
        },
        "security": [{}, {"token": []}],
    }


def _path(endpoint: Endpoint) -> str:
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", endpoint.path)


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.method.lower()}{re.sub(r'[^a-z]+', '_', _path(endpoint)).rstrip('_')}",
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": {"200": _answer(endpoint), "default": _problem()},
    }
    if endpoint.body is not None:
        schema = {"$ref": REF.format(model=endpoint.body.__name__)}
        found["requestBody"] = {
            "required": any(field.is_required() for field in endpoint.body.model_fields.values()),
            "content": {"application/json": {"schema": schema}},
        }
    return found


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "description": meaning, "schema": {"type": "string"}}
        for name, meaning in endpoint.path_meanings.items()
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    properties = endpoint.query.model_json_schema().get("properties", {})
    return [
        {"name": name, "in": "query", "required": False, "description": schema.get("description", ""), "schema": schema}
        for name, schema in properties.items()
    ]


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    if isinstance(endpoint.returns, str):
        return {"description": endpoint.summary, "content": {endpoint.returns: {"schema": {"type": "string"}}}}
    schema = {"$ref": REF.format(model=endpoint.returns.__name__)}
    return {"description": endpoint.summary, "content": {"application/json": {"schema": schema}}}


def _problem() -> dict[str, Any]:
    schema = {"$ref": REF.format(model=Problem.__name__)}
    return {"description": "why the request was refused", "content": {"application/problem+json": {"schema": schema}}}


def page(endpoints: Sequence[Endpoint]) -> str:
    """The document as a page for people: plain HTML."""
    sections = "".join(_section(endpoint) for endpoint in endpoints)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>ollalog: the API</title><link rel="stylesheet" href="/static/style.css"></head><body class="docs"><main>'
        '<h1>ollalog: the API</h1><p>The same for programs: <a href="/openapi.json">/openapi.json</a>. '
        f'<a href="/">Back to the dashboard</a>.</p>{sections}</main></body></html>'
    )


def _section(endpoint: Endpoint) -> str:
    parameters = [
        (parameter["name"], parameter["description"]) for parameter in (*_path_parameters(endpoint), *_query_parameters(endpoint))
    ]
    if endpoint.body is not None:
        fields = endpoint.body.model_json_schema().get("properties", {})
        parameters += [(f"body: {name}", schema.get("description", "")) for name, schema in fields.items()]
    rows = "".join(f"<tr><th scope=row><code>{escape(name)}</code></th><td>{escape(meaning)}</td></tr>" for name, meaning in parameters)
    table = f"<table>{rows}</table>" if rows else ""
    head = f"<h2><code>{endpoint.method} {escape(_path(endpoint))}</code></h2><p>{escape(endpoint.summary)}.</p>"
    return f'<section class="card">{head}{table}</section>'
