"""What names say: family and age."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollalog.sources.chain import chain_name

# name: (family, whether more may be written)
NAMES = {
    "server.log": ("server.log", True),
    "server-1.log": ("server.log", False),
    "server-5.log": ("server.log", False),
    "app-2.log": ("app.log", False),
    "ollama-1.log": ("ollama-1.log", True),
    "gpu0.log": ("gpu0.log", True),
    "server1.log": ("server1.log", True),
    "ollama.log.1": ("ollama.log", False),
    "ollama.log.12.gz": ("ollama.log", False),
    "ollama.log.gz": ("ollama.log", False),
    "ollama.log-20240501": ("ollama.log", False),
    "ollama.log-20240501.gz": ("ollama.log", False),
    "ollama.log-20240501-1714521600.gz": ("ollama.log", False),
    "ollama.log-2024050112.gz": ("ollama.log-2024050112", False),
    "ollama.log.2024-05-01": ("ollama.log", False),
    "ollama.log.2024-05-01.3": ("ollama.log", False),
    "0a1b-json.log": ("0a1b-json.log", True),
    "0a1b-json.log.1": ("0a1b-json.log", False),
    "nohup.out": ("nohup.out", True),
    "performance.jsonl.1": ("performance.jsonl", False),
    "slurm-12345.out": ("slurm-12345.out", True),
    "version-0.12.11": ("version-0.12.11", True),
    "ollama-2024-05-01.log": ("ollama-2024-05-01.log", True),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_tells_the_family_and_whether_more_may_be_written(tmp_path: Path, name: str) -> None:
    chain = chain_name(tmp_path / name)
    assert (chain.family.name, chain.live) == NAMES[name]
    assert chain.family.parent == tmp_path


@pytest.mark.parametrize(
    "oldest_first",
    [
        ["server-3.log", "server-2.log", "server-1.log", "server.log"],
        ["x.log.10.gz", "x.log.9.gz", "x.log.2", "x.log.1", "x.log"],
        ["x.log-20231231.gz", "x.log-20240101", "x.log"],
        ["x.log.2024-05-01.2", "x.log.2024-05-01.1", "x.log.2024-05-01", "x.log.2024-05-02", "x.log"],
        ["server.log", "server1.log", "server2.log"],
        ["server1.log", "server2.log", "server-2.log", "server-1.log", "server.log"],
        ["ollama-2024-04-30.log", "ollama-2024-05-01.log", "ollama.log"],
    ],
)
def test_siblings_are_put_in_the_order_in_which_they_were_written(tmp_path: Path, oldest_first: list[str]) -> None:
    paths = [tmp_path / name for name in oldest_first]
    for path in paths:
        path.touch()
    chains = {path.name: chain_name(path) for path in paths}
    assert sorted(chains, key=lambda name: chains[name].age) == oldest_first
    assert len({chain.family for chain in chains.values()}) == 1
    assert [chains[name].live for name in oldest_first] == [False] * (len(paths) - 1) + [True]
