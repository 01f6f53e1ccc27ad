"""The graph that a thread or a task is in, for what is recorded without naming one."""

from __future__ import annotations

from contextvars import ContextVar, Token

_graph: ContextVar[str] = ContextVar("ollalog_graph", default="default")


def current_graph(graph: str | None) -> str:
    """The graph as named, else that of this thread or task, else `default`."""
    return _graph.get() if graph is None else graph


def enter_graph(graph: str) -> Token[str]:
    """Be in a graph from now on; gives what `leave_graph` wants."""
    return _graph.set(graph)


def leave_graph(token: Token[str] | None) -> None:
    """Be where one was before; nothing, where that was in another thread or task."""
    if token is None:
        return
    try:
        _graph.reset(token)
    except ValueError:
        return
