"""The program `ollalog`: finds its commands, runs one, and turns whatever goes wrong into a message and an exit code."""

from __future__ import annotations

import importlib
import io
import pkgutil
import sys
from collections.abc import Sequence
from functools import cached_property

import click

from ollalog import cli
from ollalog.cli.exit import report_failure
from ollalog.cli.options import with_common_options
from ollalog.cli.session import Session
from ollalog.core.machine import calm_polars

HELP = """Which Ollama model is slow, since when and why: answers from the logs that the server already writes.

\b
First:  ollalog ingest PATH...   read server logs and performance.jsonl into the store
Then:   ollalog report           the performance report
"""


class Commands(click.Group):
    """The modules of `ollalog.cli` that export COMMAND; one is imported when it is called, all of them to list them."""

    @cached_property
    def _modules(self) -> list[str]:
        return sorted(module.name for module in pkgutil.iter_modules(cli.__path__))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands in alphabetical order."""
        return [name for name in self._modules if self.get_command(ctx, name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that the module of this name exports, with the common options; None when there is none."""
        if cmd_name not in self._modules:
            return None
        command = getattr(importlib.import_module(f"{cli.__name__}.{cmd_name}"), "COMMAND", None)
        return with_common_options(command) if isinstance(command, click.Command) else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was asked for; a mistyped one is told the names that are near."""
        if not self.get_command(ctx, args[0]) and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=self.list_commands(ctx), ctx=ctx)
        return super().resolve_command(ctx, args)


@click.command("ollalog", cls=Commands, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ollalog", message="%(prog)s %(version)s")
@click.pass_context
def _ollalog(context: click.Context) -> None:
    """Everything is done by the commands; a session is there even when no common option was given."""
    context.obj = context.obj or Session()


OLLALOG = with_common_options(_ollalog)


def run(arguments: Sequence[str], session: Session | None = None) -> int:
    """Run one command line.

    Args:
        arguments: Words after the program's name.
        session: What the common options start from; tests hand in a clock that stands still.

    Returns:
        Exit code: 0 ok, 1 something found, 2 usage, 3 source, 4 store, 5 query, 70 a fault of this program, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        outcome = OLLALOG.main(list(arguments), prog_name="ollalog", standalone_mode=False, obj=session)
        sys.stdout.flush()
    except SystemExit:
        # click ends so when a shell asked for completions, and when the reader of stdout went away (`| head`).
        return 0
    except BaseException as failure:  # noqa: BLE001 - polars' panics are no Exception; this is the one place that ends them
        return report_failure(failure, verbose={"-v", "--verbose"} & set(arguments) != set())
    return outcome if isinstance(outcome, int) else 0


def main() -> None:
    """Entry point of the program."""
    calm_polars()
    sys.exit(run(sys.argv[1:]))
