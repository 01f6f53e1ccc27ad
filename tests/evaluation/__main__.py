"""Print how well runs and models were told in every recorded session, and in some of them merged by time.

Command: python -m tests.evaluation
"""

from __future__ import annotations

from tests.bench import measure
from tests.evaluation import figures, recorded
from tests.evaluation.merged import MERGES, merged

HEADINGS = ("session", "runs", "covered", "right", "certain", "certain right", "tokens right", "named", "named right", "aborted given")


def row(name: str, found: figures.Figures) -> tuple[str, ...]:
    """One line of the table."""
    shares = [
        found.share(part, whole)
        for part, whole in (
            ("paired", "runs"),
            ("right", "paired"),
            ("certain", "paired"),
            ("certain_right", "certain"),
            ("told_right", "right"),
            ("named", "paired"),
            ("named_right", "named"),
        )
    ]
    return (name, str(found.runs), *(f"{share:.1%}" for share in shares), f"{found.certain_without_run} of {found.without_run}")


def main() -> None:
    """Read every session in one piece, merge some, and print their figures."""
    sessions = [recorded.session(name) for name in recorded.names()]
    found = {session.name: figures.score(session, figures.read(session)) for session in sessions}
    rows = [row(name, one) for name, one in found.items()]
    merges = [merged(name, [recorded.session(one) for one in parts], seed=1) for name, parts in MERGES.items()]
    of_merges = [row(session.name, figures.score(session, figures.read(session))) for session in merges]
    measure.print_table(HEADINGS, [*rows, row("all", figures.added(found.values())), *of_merges])


if __name__ == "__main__":
    main()
