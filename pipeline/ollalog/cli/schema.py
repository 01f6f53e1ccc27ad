"""`ollalog schema`: the documented shape of what programs may record."""

from __future__ import annotations

import json

import click


@click.command(short_help="The JSON Schema of events.jsonl.")
@click.argument("name", type=click.Choice(["events"]), expose_value=False)
def schema() -> int:
    """Print the JSON Schema of a line of events.jsonl, for programs that write it without ollalog's recorder."""
    from ollalog.parsing import event_models

    click.echo(json.dumps(event_models.schema(), indent=2))
    return 0


COMMAND = schema
