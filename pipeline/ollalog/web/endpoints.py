"""What an endpoint is, and how one is served: parameters checked, failures told as problem details."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ollalog.core.errors import PipelineError, did_you_mean
from ollalog.web.parameters import NoParameters, Parameters
from ollalog.web.problems import RequestError, of_failure

if TYPE_CHECKING:
    from ollalog.web.service import Service

MOST_BODY_BYTES = 64 << 10
Checked = TypeVar("Checked", bound=BaseModel)


@dataclass(frozen=True)
class Asked:
    """One request after its checks."""

    service: Service
    path: Mapping[str, str]
    query: Any
    body: Any
    request: Request


Handler = Callable[[Asked], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """One method of one path, with all that its documentation says.

    `returns` is the model of its JSON answer, or the media type of another; `path_meanings` explains what the path holds.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    returns: type[BaseModel] | str
    query: type[Parameters] = NoParameters
    body: type[Parameters] | None = None
    path_meanings: Mapping[str, str] = field(default_factory=dict)


def json_response(model: BaseModel, status: int = 200) -> Response:
    """An answer as JSON."""
    return Response(model.model_dump_json(by_alias=True), status, media_type="application/json")


def route_of(endpoint: Endpoint, service: Service) -> Route:
    """The endpoint as Starlette serves it."""

    async def serve(request: Request) -> Response:
        try:
            query = checked(endpoint.query, dict(request.query_params), "query")
            body = None if endpoint.body is None else checked(endpoint.body, await _json_body(request, endpoint.body), "body")
            return await endpoint.handler(Asked(service, request.path_params, query, body, request))
        except PipelineError as failure:
            return of_failure(failure)
        except ClientDisconnect:
            return Response(status_code=400)

    return Route(endpoint.path, serve, methods=[endpoint.method])


def checked(model: type[Checked], given: object, where: str) -> Checked:
    """Parameters as their model wants them.

    Raises:
        RequestError: names every fault at once.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        names = list(model.model_fields)
        said = [f"{'.'.join(str(part) for part in fault['loc'])[:100] or where}: {fault['msg']}" for fault in faults[:10]]
        unknown = [str(fault["loc"][0]) for fault in faults if fault["type"] == "extra_forbidden"]
        near = next((hint for name in unknown if (hint := did_you_mean(name, names))), None)
        fix = near or (f"the names are: {', '.join(names)}" if unknown and names else "see /openapi.json for the bounds")
        raise RequestError(400, f"the {where} does not fit", found="; ".join(said)[:1000], fix=fix) from error


def example_of(body: type[Parameters]) -> str:
    """A body that is right, with the field that is needed or the first one, as JSON."""
    fields = sorted(body.model_fields.items(), key=lambda item: not item[1].is_required())
    name, first = fields[0]
    return json.dumps({name: first.examples[0] if first.examples else "…" if first.is_required() else first.default})


async def _json_body(request: Request, body: type[Parameters]) -> object:
    """The JSON object that a request carries; an empty one where it carries nothing.

    Raises:
        RequestError: it is too long, of another type, or no JSON.
    """
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MOST_BODY_BYTES:
            raise RequestError(413, "the body is too long", want=f"at most {MOST_BODY_BYTES:,} bytes")
    if not data:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # A page of another site can send other types without asking first.
        raise RequestError(415, "the body is not JSON", found=kind[:100] or "no content type", want="application/json")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, "the body is not JSON", found=str(error)[:200], fix=f"write: {example_of(body)}") from error
