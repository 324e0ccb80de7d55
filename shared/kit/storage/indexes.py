"""Declare indexes."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.kit.storage.documents import Filter


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
