"""Check the rights of a role: its types, places, actions and levels, one right to each place (PERM-01, PERM-02)."""

from collections.abc import Iterator, Sequence
from typing import Final, get_args

from crm_contracts.elements import ELEMENTS, ElementType
from crm_contracts.roles import EVERY, Action, Level, Right

from services.catalog.access.domain.errors import InvalidRights
from shared.kit.domain import Wrong, wrong_field

ACTIONS: Final[Sequence[str]] = get_args(Action)
LEVELS: Final[Sequence[str]] = get_args(Level)
TYPES: Final = (EVERY, *ELEMENTS)
_WITHOUT_RESPONSIBLE: Final = ("none", "all")


def check_rights(rights: Sequence[Right]) -> None:
    """Check the rights of one role together.

    Raises:
        InvalidRights: naming everything in them that is not valid.
    """
    wrong = [found for place, right in enumerate(rights) for found in _wrong(f"rights.{place}", right)]
    places = [right.place for right in rights]
    wrong += [
        wrong_field(f"rights.{number}", "repeated_right", "an earlier right is to the same place")
        for number, place in enumerate(places)
        if place in places[:number]
    ]
    if wrong:
        raise InvalidRights.of(wrong)


def _wrong(where: str, right: Right) -> Iterator[Wrong]:
    type_ = ELEMENTS.get(right.element)
    if type_ is None and right.element != EVERY:
        yield wrong_field(f"{where}.element", "unknown_element", _one_of(TYPES))
    yield from _wrong_place(where, right, type_)
    for action, level in right.levels.items():
        field = f"{where}.levels.{action}"
        if action not in ACTIONS:
            yield wrong_field(field, "unknown_action", _one_of(ACTIONS))
        if level not in LEVELS:
            yield wrong_field(field, "unknown_level", _one_of(LEVELS))
        elif (
            type_ is not None and level not in _WITHOUT_RESPONSIBLE and "responsible_id" not in type_.state.model_fields
        ):
            message = f"nobody is responsible for a {type_.noun}: {' or '.join(_WITHOUT_RESPONSIBLE)} is needed"
            yield wrong_field(field, "level_not_applicable", message)


def _wrong_place(where: str, right: Right, type_: ElementType | None) -> Iterator[Wrong]:
    has_pipelines = type_ is not None and "pipeline_id" in type_.state.model_fields
    has_stages = type_ is not None and "stage" in type_.has
    if right.pipeline_id is not None and not has_pipelines:
        yield wrong_field(f"{where}.pipeline_id", "place_not_applicable", f"{right.element} has no pipelines")
    if right.stage_id is not None and not has_stages:
        yield wrong_field(f"{where}.stage_id", "place_not_applicable", f"{right.element} has no stages")
    if right.stage_id is not None and right.pipeline_id is None and has_pipelines:
        yield wrong_field(f"{where}.pipeline_id", "pipeline_missing", "the pipeline of the stage is needed")


def _one_of(choices: Sequence[str]) -> str:
    return f"one of these is needed: {', '.join(choices)}"
