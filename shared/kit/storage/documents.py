"""Types of MongoDB documents, filters, sort orders and updates, and patterns as values of filters."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bson.regex import Regex

Document = dict[str, Any]
Filter = Mapping[str, Any]
Sort = Sequence[tuple[str, int]]
Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def beginning(text: str) -> Regex[str]:
    """Make the value of a filter that stands for every text which begins so; of plain ones an index finds a range."""
    return Regex("^" + re.escape(text))


def whole_text(pattern: str) -> Regex[str]:
    """Make the value of a filter that stands for every text which has the form of a pattern from end to end."""
    return Regex(rf"^(?:{pattern})\z", "s")
