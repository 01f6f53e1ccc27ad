"""Names of model files, as the Ollama on this machine keeps them: its folder of manifests.

Source: Ollama manifest/manifest.go and types/model/name.go: models/manifests/HOST/NAMESPACE/MODEL/TAG is a JSON object
whose layer of type application/vnd.ollama.image.model has the digest of the model's file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

BLOB_DIGITS = 12
_MODEL_LAYER = "application/vnd.ollama.image.model"
_DEFAULT_HOST, _DEFAULT_NAMESPACE = "registry.ollama.ai", "library"
_LARGEST_BYTES = 1 << 20


def models_folders(environ: Mapping[str, str], home: Path | None) -> list[Path]:
    """Where models of an Ollama on this machine may lie: OLLAMA_MODELS alone where it is set, else the user's and the service's."""
    if folder := environ.get("OLLAMA_MODELS"):
        return [Path(folder)]
    homes = (*([home] if home else []), Path("/usr/share/ollama"), Path("/var/lib/ollama"), Path("/root"))
    return list(dict.fromkeys(place / ".ollama" / "models" for place in homes))


def blob_names(folders: list[Path]) -> dict[str, str]:
    """Model name by the first 12 hex digits of its file's digest; of several names the first in order of spelling.

    What cannot be read is passed over: names are a help, and no log depends on them.
    """
    found = sorted((name, blob) for folder in folders for name, blob in _manifests(folder / "manifests"))
    return {blob: name for name, blob in reversed(found)}


def _manifests(root: Path) -> Iterator[tuple[str, str]]:
    for folder, _, files in os.walk(root):
        parts = Path(folder).relative_to(root).parts
        if len(parts) < 3:
            continue
        for tag in files:
            digest = _digest(Path(folder, tag))
            if digest:
                yield _name(parts, tag), digest


def _name(parts: tuple[str, ...], tag: str) -> str:
    """The name as Ollama shows it: host and namespace only where they are not the usual ones."""
    shown = parts[1:] if parts[0] == _DEFAULT_HOST else parts
    if shown[:1] == (_DEFAULT_NAMESPACE,):
        shown = shown[1:]
    return f"{'/'.join(shown)}:{tag}"


def _digest(path: Path) -> str | None:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return None
        layers = json.loads(path.read_bytes())["layers"]
        digests = [str(layer["digest"]) for layer in layers if layer["mediaType"] == _MODEL_LAYER]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    if not digests or not digests[0].startswith("sha256:"):
        return None
    return digests[0].removeprefix("sha256:")[:BLOB_DIGITS]
