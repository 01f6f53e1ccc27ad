"""Every way to end: a failure becomes one message on stderr and one exit code."""

from __future__ import annotations

import errno
import re
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from ollalog.core.errors import PipelineError, StoreError, UsageError
from ollalog.core.printable import printable

EXIT_CODES = {
    0: "ok",
    1: "something was found (`verify`, `rules check`, `rules test`, `alerts --exit-code`; a log that `doctor` found cannot be read)",
    2: "usage: the command, an option or a setting is wrong",
    3: "source: a log is missing or cannot be read; all others were read",
    4: "store: it cannot be used or trusted, or the disk is full",
    5: "query: a view or a query failed",
    70: "a fault of ollalog itself",
    130: "interrupted (Ctrl-C); what was committed stays",
}
WHAT_IT_IS_NOT = {"integer": "is no whole number", "float": "is no number"}
FOUND, FAULT, INTERRUPTED = 1, 70, 130


def report_failure(failure: BaseException, *, verbose: bool) -> int:
    """Print the message of a failure and return its exit code.

    Args:
        failure: What the command raised.
        verbose: Keep the traceback of a fault of this program in a file, and say where.
    """
    if isinstance(failure, KeyboardInterrupt | click.Abort):
        click.echo("interrupted; what was committed stays, and the next run goes on from there", err=True)
        return INTERRUPTED
    if isinstance(failure, click.exceptions.NoArgsIsHelpError):
        failure.show()
        return UsageError.exit_code
    error = _explained(failure) or _fault(failure, verbose=verbose)
    click.echo("\n".join(printable(line) for line in str(error).splitlines()), err=True)
    return error.exit_code


def finish(problems: Sequence[PipelineError], *, interrupted: bool) -> int:
    """Print what went wrong in a run that went on to its end; the exit code of the worst, 0 when there is none.

    Args:
        problems: Failures that did not stop the run, such as a log that cannot be read.
        interrupted: Whether a person stopped the run.
    """
    codes = [report_failure(problem, verbose=False) for problem in problems]
    return report_failure(KeyboardInterrupt(), verbose=False) if interrupted else max(codes, default=0)


def _explained(failure: BaseException) -> PipelineError | None:
    """The failure as an error with four parts; None when nobody foresaw it."""
    match failure:
        case PipelineError():
            return failure
        case click.ClickException():
            return _usage(failure)
        case MemoryError():
            return StoreError("out of memory", fix="close other programs or read fewer files at once; what was committed stays")
        case OSError():
            return _system(failure)
    return None


def _usage(failure: click.ClickException) -> UsageError:
    """What click found wrong with the command line, in our words."""
    context = getattr(failure, "ctx", None)
    command = context.command_path if context else "ollalog"
    near = getattr(failure, "possibilities", None)
    # The full message of click for these two repeats what `fix` says.
    told = isinstance(failure, click.NoSuchOption | click.exceptions.NoSuchCommand)
    message = " ".join((failure.message if told else failure.format_message()).split()).removesuffix(".")
    message = re.sub(r"is not a valid (integer|float)( range)?$", lambda kind: WHAT_IT_IS_NOT[kind[1]], message)
    fix = f"did you mean {near[0]!r}? `{command} --help` lists them all" if near else f"see `{command} --help`"
    return UsageError(message[:1].lower() + message[1:], at=command, fix=fix)


def _system(failure: OSError) -> StoreError:
    """What the operating system refused: a full disk, a folder that cannot be written."""
    what = (failure.strerror or str(failure)).lower()
    place = str(failure.filename) if failure.filename is not None else None
    fixes = {
        errno.ENOSPC: "free some space and run the same command again: what was committed stays",
        errno.EDQUOT: "free some space and run the same command again: what was committed stays",
        errno.EACCES: "give yourself the right to it, or choose another folder with --store",
        errno.EROFS: "choose a folder that can be written with --store",
    }
    return StoreError(what, at=place, fix=fixes.get(failure.errno or 0, "see the message; run with -v for more"))


class ProgramFaultError(PipelineError):
    """Something that this program should have foreseen."""

    exit_code = FAULT


def _fault(failure: BaseException, *, verbose: bool) -> ProgramFaultError:
    """A bug as a message; its traceback goes to a file, never to the terminal."""
    frames = traceback.extract_tb(failure.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
    return ProgramFaultError(
        "ollalog itself failed; the store is as of the last commit",
        at=place,
        found=f"{type(failure).__name__}: {failure}".splitlines()[0][:300],
        fix=f"please report it with the file {_keep(failure)}" if verbose else "run it again with -v to keep what a report of it needs",
    )


def _keep(failure: BaseException) -> str:
    """Write a traceback to a new file in the folder for temporary files; its path."""
    with tempfile.NamedTemporaryFile("w", prefix="ollalog-fault-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.writelines(traceback.format_exception(failure))
    return file.name
