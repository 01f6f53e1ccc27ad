"""Plain lines around a log: blank lines, progress dots, journal banners, key notices, errors of the command itself."""

from __future__ import annotations

import polars as pl

from ollalog.parsing import saying
from ollalog.parsing.format import NO_LINES, Extract, Format
from ollalog.parsing.patterns import ascii_only

_DATE_AND_HOST = ascii_only(r"(?:(?:[^\s\[=:]+|\[ *[\d.]+\]|\S*\d\d:\d\d:\d\d\S*) +){0,6}")
_JOURNAL_FIELD = (
    r"^(?: {4})?(?:__?[A-Z][A-Z0-9_]*|(?:SYSLOG|CODE|JOB)_[A-Z_]+|(?:USER_)?(?:UNIT|INVOCATION_ID)|PRIORITY|TID|ERRNO)="
    r"|^(?: {4})?MESSAGE(?:_ID=.*)?$|^.{1,60} \[s=[0-9a-f]+;i=[0-9a-f]+;.*\]$"
    # and as JSON for people: all fields but the message, and the end of an entry
    r'|^\t"(?:[A-LN-Z_][A-Z0-9_]*|M[A-Z_]+_[A-Z0-9_]*)" : (?:".*"|null|\[),?$|^\t\t[0-9]+,?$|^\t\],?$|^\}$'
)
# what journalctl and the pager say around a log
_PAGER = (
    r"^Hint: You are currently not seeing |^ {6}(?:Users in (?:the )?groups? '|Pass -q to turn off )"
    r"|^lines [0-9]+-[0-9]+(?:/[0-9]+)?(?: \(END\))?$|^\(END\)$|^~$"
)
# the kernel, or the manager of the service, on a server for which memory ran out
_KILLED = r"(?:\]|kernel): (.*(?:killed by the OOM killer|Out of memory: Killed process [0-9]+ \((?:ollama|llama)).*)$"
# what `systemctl status` says above the log, and `stern` of the containers that it follows
_STATUS = (
    r"^[●○×*] \S*ollama\S*\.service(?: |$)|^ {2,10}(?:Loaded|Active|Drop-In|Docs|Process|Main PID|Tasks|Memory|CPU|IP|IO|CGroup|Status"
    r"|Invocation|TriggeredBy|Mem peak): |^ {5,}[├└]─|^[+-] \S+ › \S+$"
)
_KINDS = (
    ("blank", r"^\s*$"),
    ("dots", r"^[.\s]+(?:Done!)?$"),
    ("gin_debug", r"^\[GIN-debug\]| ?^ - using (?:env|code):"),
    ("journal_banner", rf"^-- .*--$|^--$|{_PAGER}"),
    (
        "service_manager",
        rf"^{_DATE_AND_HOST}(?:systemd(?:-(?:journald|coredump|oomd))?|kernel|sudo|snapd?|\([a-z]+\))(?:\[[0-9]+\])?: |{_STATUS}",
    ),
    ("shell", r"^nohup: |^(?:Terminated|Killed|Aborted)(?: \(core dumped\))?$"),
    ("sampled_token", r"^(?:\[[0-9]+\] )?sampled token: "),
    ("journal_field", _JOURNAL_FIELD),
    ("key_notice", r"^Couldn't find '|^Your new public key is:|^ssh-ed25519 "),
)
_ERROR = r"^Error: "
_OWNER = "|".join(f"(?:{pattern})" for pattern in (*dict(_KINDS).values(), _ERROR))
# what can stand within a record of many lines: blank ones, and the fields of journal entries around their messages
_BETWEEN = ("blank", "journal_field")


def extract(lines: pl.DataFrame) -> Extract:
    """Count the plain lines by kind, and pick the errors of the command and servers killed for want of memory.

    Args:
        lines: one row per line; `line`, `byte_offset`, `text`, `stamp`.

    Returns:
        `said` by SAID_SCHEMA, without times; the rest as noise by kind.
    """
    noise: dict[str, int] = {}
    between = [NO_LINES["line"]]
    is_killed = lines["text"].str.contains("OOM killer|Out of memory: Killed ")
    said = []
    rest = lines
    if is_killed.any():
        killed = lines.filter(is_killed).with_columns(pl.col("text").str.extract(_KILLED)).drop_nulls("text")
        said.append(saying.of_texts(killed, "ERROR", "out_of_memory"))
        rest = lines.filter(~pl.col("line").is_in(killed["line"].implode()))
    for name, pattern in _KINDS:
        if rest.height == 0:
            break
        is_it = rest["text"].str.contains(pattern)
        if is_it.any():
            noise[name] = int(is_it.sum())
            between += [rest["line"].filter(is_it)] if name in _BETWEEN else []
            rest = rest.filter(~is_it)
    said += [saying.of_texts(rest, "ERROR")] if rest.height else []
    return Extract(said=pl.concat(said) if said else None, noise=noise, between=pl.concat(between))


FORMAT = Format(
    name="plain",
    rank=4,
    owns=lambda text: text.str.contains(_OWNER),
    extract=extract,
    examples=("", "........", "Error: listen tcp 127.0.0.1:11434: bind: address already in use", "nohup: ignoring input"),
)
