"""Types of MongoDB documents, filters, sort orders and updates."""

from collections.abc import Mapping, Sequence
from typing import Any

Document = dict[str, Any]
Filter = Mapping[str, Any]
Sort = Sequence[tuple[str, int]]
Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]
