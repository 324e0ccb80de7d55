"""Aggregates hold values that nobody can change in place: a change that sets no field is not written (ADR 0001)."""

from collections.abc import Iterator, MutableMapping, MutableSequence, MutableSet
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, get_args, get_origin

import pytest
from crm_contracts.values import Fields, Value
from pydantic import BaseModel

import services
from shared.kit.domain import Aggregate

UNTOUCHED = {"requisites.fields", "requisites.bank_details.fields", "merging.resolution"}
"""Texts by key inside of values that are replaced as a whole; JSON has no other form for them."""


def aggregates() -> list[type[Aggregate]]:
    for module in walk_packages(services.__path__, "services."):
        if module.name.count(".") > 1 and ".domain" in module.name:
            import_module(module.name)
    found = [kind for kind in _below(Aggregate) if kind.__module__.startswith("services") and "[" not in kind.__name__]
    return sorted(found, key=lambda kind: f"{kind.__module__}.{kind.__name__}")


def _below(kind: type[Aggregate]) -> Iterator[type[Aggregate]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def mutable_places(annotation: Any, path: str, seen: tuple[Any, ...] = ()) -> Iterator[str]:
    """Name each field that holds a list, a set, a dict or a model that is not frozen, however deep inside of others.

    Fields of the contracts are not frozen, because aggregates themselves consist of them.
    """
    origin = get_origin(annotation) or annotation
    if isinstance(origin, type) and issubclass(origin, MutableSequence | MutableSet | MutableMapping):
        yield path
    for argument in get_args(annotation):
        yield from mutable_places(argument, path, seen)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        if seen and not annotation.model_config.get("frozen") and not issubclass(annotation, Fields):
            yield path
        for name, field in annotation.model_fields.items():
            yield from mutable_places(field.annotation, f"{path}.{name}".lstrip("."), (*seen, annotation))


def in_place(kind: type[BaseModel]) -> set[str]:
    return {place for place in mutable_places(kind, "") if not place.endswith(tuple(UNTOUCHED))}


@pytest.mark.parametrize("kind", aggregates(), ids=lambda kind: kind.__name__)
def test_no_field_of_an_aggregate_can_be_changed_in_place(kind: type[Aggregate]) -> None:
    assert in_place(kind) == set()


def test_a_list_inside_of_a_part_is_found_and_a_part_that_is_not_frozen() -> None:
    class Part(Value):
        names: list[str]

    class Loose(BaseModel):
        name: str

    class Whole(Aggregate):
        parts: tuple[Part, ...] = ()
        loose: Loose | None = None

    assert in_place(Whole) == {"parts.names", "loose"}
