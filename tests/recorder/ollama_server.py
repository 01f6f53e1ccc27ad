"""A real HTTP server on loopback that answers like Ollama, for the tests of clients."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COSTS = {
    "total_duration": 5_300_000_000, "load_duration": 900_000_000, "prompt_eval_count": 26, "prompt_eval_duration": 130_000_000,
    "eval_count": 200, "eval_duration": 4_000_000_000,
}  # fmt: skip
WORDS = ("Because", " of", " Rayleigh", " scattering.")
CREATED = "2026-11-20T10:00:00.123456789Z"


class _Handler(BaseHTTPRequestHandler):
    """Replies as the API describes them; models `missing`, `busy` and `breaks` fail, each in its own way."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model = asked["model"]
        if model == "missing":
            self._reply(404, [{"error": f"model '{model}' not found"}])
        elif model == "busy":
            self._reply(503, [{"error": "server busy, please try again.  maximum pending requests exceeded"}])
        elif self.path == "/api/embed":
            self._reply(200, [{"model": model, "embeddings": [[0.1, 0.2]], "total_duration": 14_000_000, "load_duration": 1_000_000,
                               "prompt_eval_count": 8}])  # fmt: skip
        elif self.path == "/api/embeddings":
            self._reply(200, [{"embedding": [0.1, 0.2]}])
        else:
            self._reply(200, list(self._parts(model, is_streamed=asked.get("stream", True))))

    def _parts(self, model: str, *, is_streamed: bool) -> Iterator[dict[str, object]]:
        """A reply in one part or in many; that of model `breaks` ends in an error."""
        words = WORDS if is_streamed else ("".join(WORDS),)
        for word in words[:-1] if is_streamed else ():
            yield {"model": model, "created_at": CREATED, **self._said(word), "done": False}
        if model == "breaks":
            yield {"error": "llama runner process has terminated: CUDA error: out of memory"}
        else:
            yield {"model": model, "created_at": CREATED, **self._said(words[-1]), "done": True, "done_reason": "stop", **COSTS}

    def _said(self, word: str) -> dict[str, object]:
        return {"message": {"role": "assistant", "content": word}} if self.path == "/api/chat" else {"response": word}

    def _reply(self, status: int, parts: list[dict[str, object]]) -> None:
        body = b"".join(json.dumps(part).encode() + b"\n" for part in parts)
        self.send_response(status)
        self.send_header("Content-Type", "application/x-ndjson" if len(parts) > 1 else "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Tests say nothing."""


@contextmanager
def ollama_server() -> Iterator[str]:
    """The URL of a running server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
