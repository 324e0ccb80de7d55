"""Lines of dictionaries and settings, and of roles, departments and pipelines that were deleted."""

from collections.abc import Iterator, Mapping
from typing import Final

from crm_contracts.departments import DepartmentDeleted
from crm_contracts.dictionaries import DictionaryValueCreated, DictionaryValueDeleted, DictionaryValueUpdated
from crm_contracts.envelope import Event
from crm_contracts.pipelines import PipelineDeleted
from crm_contracts.roles import RoleDeleted
from crm_contracts.settings import ModeChanged

from services.timeline.entry.domain.narration.line import Line, Narrator, name_of


def _value_created(event: DictionaryValueCreated) -> Iterator[Line]:
    yield Line(event.dictionary, "element_modified", f"Value {event.value.name} was added", {"value": event.value.code})


def _value_updated(event: DictionaryValueUpdated) -> Iterator[Line]:
    fields = sorted(event.after.model_fields_set)
    text = f"Value {event.value.name} was changed: {', '.join(fields)}"
    yield Line(event.dictionary, "element_modified", text, {"value": event.value.code, "fields": fields})


def _value_deleted(event: DictionaryValueDeleted) -> Iterator[Line]:
    text = f"Value {event.before.name} was deleted"
    yield Line(event.dictionary, "element_modified", text, {"value": event.before.code})


def _deleted(event: RoleDeleted | DepartmentDeleted | PipelineDeleted) -> Iterator[Line]:
    element = event.element
    yield Line(element, "log_message", f"{element.type.capitalize()} {name_of(element)} was deleted")


def _mode_changed(event: ModeChanged) -> Iterator[Line]:
    after = event.after
    payload = {"from": event.before and event.before.mode, "to": after.mode, **dict(after.conversion)}
    yield Line(event.settings, "element_modified", f"The mode of the CRM is {after.mode.capitalize()}", payload)


NARRATORS: Final[Mapping[type[Event], Narrator]] = {
    DictionaryValueCreated: _value_created,
    DictionaryValueUpdated: _value_updated,
    DictionaryValueDeleted: _value_deleted,
    ModeChanged: _mode_changed,
    RoleDeleted: _deleted,
    DepartmentDeleted: _deleted,
    PipelineDeleted: _deleted,
}
