"""Bound the parts of an element in bytes, so that every event about them fits (512 KiB at most, `MAX_EVENT_BYTES`).

An event carries at most a part before and after, or all parts once: twice each bound, and the sum of them, is below the
limit. So whatever was stored can be changed and deleted later. Characters count as they are on the wire.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from crm_contracts.values import ElementRef, Fields
from pydantic import BaseModel

from shared.kit.domain import Invalid

MAX_FIELDS_BYTES: Final = 160 * 1024
MAX_ROWS_BYTES: Final = 144 * 1024
MAX_CLIENT_BYTES: Final = 144 * 1024
MAX_REQUISITES_BYTES: Final = 144 * 1024

MAX_ENTRIES: Final = 100
"""Values that a field has which is a list, such as observers, unless it says otherwise."""

TITLE_LENGTHS: Final = (255, 100, 40, 10, 1)
"""Lengths at which titles of references are cut, one after the other, until what holds them fits."""

M = TypeVar("M", bound=BaseModel)


class PartTooLarge(Invalid):
    """A part of an element would be larger than the events about it may be; names the largest field."""

    code = "too_large"


def size_of(value: BaseModel) -> int:
    """Return the size on the wire, in bytes."""
    return len(value.model_dump_json().encode())


def check_room(field: str, value: BaseModel, most: int, *, before: BaseModel | None = None) -> None:
    """Check that a part is not too large; one that was larger before may become smaller.

    Raises:
        PartTooLarge: it is, and names the field.
    """
    size = size_of(value)
    if size > most and (before is None or size > size_of(before)):
        raise PartTooLarge.at(f"This would be {size} bytes; {most} are allowed.", field)


def check_fields(
    kind: type[Fields], target: BaseModel, changed: Iterable[str], *, before: Fields | None = None
) -> None:
    """Check that the fields of an element are not too large together; `before` are the changed ones as they were.

    Raises:
        PartTooLarge: they are, and names the largest field that was changed.
    """
    now: dict[str, Any] = {name: getattr(target, name) for name in kind.model_fields}
    was = None if before is None else kind.model_construct(None, **{**now, **before.__dict__})
    try:
        check_room("body", kind.model_construct(None, **now), MAX_FIELDS_BYTES, before=was)
    except PartTooLarge as error:
        sizes = {name: size_of(kind.model_construct(None, **{name: now[name]})) for name in changed if name in now}
        largest = max(sizes, key=lambda name: sizes[name], default="body")
        raise PartTooLarge.at(str(error), largest) from None


def fitting(make: Callable[[int], M], most: int) -> M:
    """Return the value with the longest titles of at most this size, else the one with the shortest titles."""
    value = make(TITLE_LENGTHS[0])
    for length in TITLE_LENGTHS[1:]:
        if size_of(value) <= most:
            break
        value = make(length)
    return value


def shortened(ref: ElementRef, length: int) -> ElementRef:
    """Cut the title of a reference."""
    return ref if ref.title is None else ref.model_copy(update={"title": ref.title[:length]})
