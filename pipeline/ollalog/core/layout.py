"""Where things live on disk: path arithmetic, no I/O beyond asking where the package lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StoreLayout:
    """The paths of one store folder."""

    root: Path

    @property
    def catalog(self) -> Path:
        """The SQLite catalogue: the one durable truth."""
        return self.root / "catalog.sqlite"

    @property
    def control(self) -> Path:
        """What operators say: silences and acknowledgements."""
        return self.root / "control.sqlite"

    @property
    def lock(self) -> Path:
        """Held as an OS lock by the one writer."""
        return self.root / "writer.lock"

    @property
    def data(self) -> Path:
        """Committed rows only, each once: what other tools read."""
        return self.root / "data"

    @property
    def versions(self) -> Path:
        """Immutable versions of the open (head) parts: what our own readers use for them."""
        return self.root / "versions"

    @property
    def staging(self) -> Path:
        """Written and synced, not yet committed or not yet published."""
        return self.root / "staging"

    @property
    def orphans(self) -> Path:
        """Files found below `data` that no commit knows."""
        return self.root / "orphans"

    @property
    def derived(self) -> Path:
        """What follows from committed rows and is kept to answer sooner: of each closed date its joined requests. May be deleted."""
        return self.root / "derived"

    def folder(self, area: Path, table: str, date: str) -> Path:
        """The folder of one table and UTC date below `data` or `versions`."""
        return area / table / f"date={date}"


def sql_folder(kind: str) -> Path:
    """The folder that holds the SQL files of a kind ("views"): in the wheel beside the package, in a checkout at its top."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "sql"
    return (shipped if shipped.is_dir() else package.parent.parent / "sql") / kind
