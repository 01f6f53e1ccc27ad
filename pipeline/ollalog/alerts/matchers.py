"""`label=value` as Alertmanager writes it: which alerts a silence, a sink or an inhibition is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ollalog.core.errors import UsageError

SHAPE = re.compile(r"\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Matcher:
    """One condition on a label; one that an alert lacks is the empty text. `rule` and `severity` count as labels."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        """As it can be written on a command line."""
        return f"{self.label}{self.operator}{self.value}"

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels meets it; regular expressions have to match the whole value."""
        told = labels.get(self.label, "")
        found = re.fullmatch(self.value, told) is not None if "~" in self.operator else told == self.value
        return found != self.operator.startswith("!")


def matcher(text: str) -> Matcher:
    """Read one condition: label=value, label!=value, label=~regex, label!~regex; the value may stand in quotes.

    Raises:
        UsageError: it is none.
    """
    shape = SHAPE.fullmatch(text)
    if shape is None:
        raise _no_matcher(text, "a label, an operator (=, !=, =~, !~) and a value")
    label, operator, value = shape.groups()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if "~" in operator:
        try:
            re.compile(value)
        except re.error as fault:
            raise _no_matcher(text, f"a regular expression: {fault}") from fault
    return Matcher(label, operator, value)


def all_fit(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether an alert meets every condition."""
    return all(one.fits(labels) for one in matchers)


def _no_matcher(text: str, want: str) -> UsageError:
    return UsageError(
        "this is no matcher", found=text, want=want, fix="write for example: rule=slow_response model=~llama3.* severity!=low"
    )
