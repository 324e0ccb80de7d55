"""Declare indexes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from shared.kit.storage.documents import Filter

Collation: TypeAlias = Mapping[str, Any]
"""How texts are ordered, in MongoDB's words."""

AS_PEOPLE_SORT: Final[Collation] = {"locale": "en"}
"""`apple` before `Zoo`, and `Ä` beside `A`."""


@dataclass(frozen=True)
class Index:
    """An index to be created at start; first the one is dropped that it replaces, by its name."""

    keys: Sequence[tuple[str, int]]
    unique: bool = False
    sparse: bool = False
    partial: Filter | None = None
    expire_after_s: int | None = None
    name: str | None = None
    replaces: str | None = None
    collation: Collation | None = None
