"""Writes the JSON Schema and the sample of every event: `python -m deploy.contracts`, `--check` only compares.

The surprise: a sample is a promise. One that a changed class can no longer read stops the run and is left alone; one
whose shape changes is kept under `samples/old`, because what was once published must be readable for ever.
"""

import argparse
import hashlib
import json
import sys
import types
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import crm_contracts
from crm_contracts import registry
from crm_contracts.envelope import Envelope, Event, MalformedEvent
from crm_contracts.values import ChangedFields, ElementRef, Money
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

PACKAGE: Final = Path(crm_contracts.__file__).parent
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_IDS: Final = {
    "lead": "0199f2a4-0000-7000-8000-000000001ead",
    "deal": "0199f2a4-0000-7000-8000-00000000dea1",
    "contact": "0199f2a4-0000-7000-8000-00000000c001",
    "company": "0199f2a4-0000-7000-8000-00000000c0de",
    "product": "0199f2a4-0000-7000-8000-0000000090d5",
    "dictionary": "contact_type",
    "requisite": "0199f2a4-0000-7000-8000-00000000adde",
    "conversion": "0199f2a4-0000-7000-8000-00000000c0f1",
    "entry_event": "0199f2a4-0000-7000-8000-00000000ebe7",
    "resolution": "8d0e4b7e-6f5c-5a50-9d3c-00000000c1e7",
    "refusal": "8d0e4b7e-6f5c-5a50-9d3c-00000000dea1",
}
_TITLES: Final = {
    "lead": "Pumps for ACME",
    "deal": "Pumps for ACME",
    "contact": "Ada Lovelace",
    "company": "ACME GmbH",
    "product": "GTX Pro",
    "dictionary": "Contact types",
}
_REFERENCES: Final = {"element": "deal", "link_to": "deal"}
"""What type of element a field refers to, where its name does not say it and it is no contact."""

_WORDS: Final[Mapping[str, Any]] = {
    "amount": {"value": "495.00", "currency": "EUR"},
    "attempt": 1,
    "auto_linked_from": _IDS["company"],
    "client_targets": ["contact", "company"],
    "converted_by": "user:anna",
    "created_by": "user:anna",
    "detached": [],
    "duplicates": [],
    "emails": [{"value": "Ada@ACME.example", "normalized": "ada@acme.example"}],
    "existing": [],
    "is_primary": True,
    "is_repeat": True,
    "link_no": 1,
    "link_state": "done",
    "message": "Somebody with the same phone number is already known.",
    "messengers": [],
    "prices": [{"price": {"value": "550.00", "currency": "EUR"}}],
    "requisite_link": {},
    "targets": ["contact", "company", "deal"],
    "websites": [],
}
"""Values by field name, where the field has no example or more than one element has the field."""

_EARLIER: Final[Mapping[str, Any]] = {
    "last_name": "Byron",
    "title": "ACME",
    "industry": "RETAIL",
    "name": "GTX",
    "prices": [{"price": {"value": "500.00", "currency": "EUR"}}],
    "responsible_id": "ben",
}
"""What an Updated event may say was there before."""

_OTHERS: Final = {
    noun: {"type": noun, "id": f"{_IDS[noun][:-1]}f", "title": title}
    for noun, title in (("contact", "A. Lovelace"), ("company", "ACME"))
}
"""What is merged with the contact and the company of the other samples."""

_STORIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "crm.client.merge_requested.v1": {
        "others": [_OTHERS["contact"]],
        "merge_id": "0199f2a4-0000-7000-8000-00000000fe26",
    },
    "crm.contact.merged.v1": {"removed": [_OTHERS["contact"]]},
    "crm.contact.replaced.v1": {"survivor": _OTHERS["contact"]},
    "crm.company.merged.v1": {
        "survivor": {"type": "company", "id": _IDS["company"], "title": _TITLES["company"]},
        "removed": [_OTHERS["company"]],
    },
    "crm.company.replaced.v1": {"survivor": _OTHERS["company"]},
    "crm.deal.stage_changed.v1": {"to_semantic": "S", "closed_at": _NOON},
    "crm.deal.requisites_chosen.v1": {
        "before": {},
        "after": {"requisite_id": _IDS["requisite"], "choice_no": 1, "state": "pending"},
        "clients": [{"type": "company", "id": _IDS["company"], "title": _TITLES["company"]}],
    },
    "crm.dictionary.value_updated.v1": {
        "before": {"name": "Client"},
        "after": {"name": "Customer"},
        "value": {"code": "CLIENT", "name": "Customer", "default_name": "Client", "system": True},
    },
    "crm.dictionary.value_deleted.v1": {"codes": ["SUPPLIER", "PARTNER", "OTHER"]},
    "crm.lead.deal_refused.v1": {"message": "There is no pipeline of that name."},
    "crm.lead.company_unlinked.v1": {"client": {"link_state": "refused", "refusal": "company_not_found", "link_no": 1}},
    "crm.deal.company_unlinked.v1": {"client": {"link_state": "refused", "refusal": "company_not_found", "link_no": 1}},
}
"""Fields of a sample that only make sense together, by `ce_type`."""

_SPEAKERS: Final = {
    "crm.client.merge_requested.v1": "contact",
    "crm.lead.client_resolved.v1": "resolution",
    "crm.lead.client_refused.v1": "resolution",
    "crm.lead.deal_refused.v1": "refusal",
    "crm.lead.deal_confirmed.v1": "deal",
    "crm.element.contacts_resolved.v1": "deal",
    "crm.element.company_refused.v1": "deal",
    "crm.element.requisites_confirmed.v1": "deal",
    "crm.element.requisites_refused.v1": "deal",
    "crm.timeline.entry_bound.v1": "entry_event",
    "crm.timeline.entry_unbound.v1": "entry_event",
}
"""Whose id is the key, where it is not the element that the event is named after."""

_ANSWERS: Final = {
    "crm.lead.deal_confirmed.v1",
    "crm.element.contacts_resolved.v1",
    "crm.element.company_refused.v1",
    "crm.element.requisites_confirmed.v1",
    "crm.element.requisites_refused.v1",
}
"""Published without a change of state, therefore without `ce_sequence`."""


class Unreadable(Exception):
    """A committed sample that its class cannot read any more."""


class _WireSchema(GenerateJsonSchema):
    """What stands on the wire: of the forms that a decimal may be read from, only the string is ever written."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A decimal number as text."""
        del schema
        return {"type": "string", "pattern": r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"}


def schema_text(event: type[Event]) -> str:
    """The JSON Schema of an event's data. Required is what has no default: older events lack what came later."""
    generated = event.model_json_schema(schema_generator=_WireSchema)
    head = {"$schema": DIALECT, "$id": f"urn:crm:event:{event.ce_type}", "title": event.__name__}
    head["description"] = getdoc(event) or ""
    return _text({**head, **{name: part for name, part in generated.items() if name not in head}})


def sample_text(event: type[Event]) -> str:
    """One occurrence, the same at every run: headers, key and data as a consumer sees them."""
    noun = event.ce_type.split(".")[1]
    subject = _IDS[_SPEAKERS.get(event.ce_type, noun)]
    first = subject in {_IDS["resolution"], _IDS["refusal"]} or event.ce_type.split(".")[2] == "created"
    envelope = Envelope(
        id=f"0199f2a4-0000-7000-8000-{hashlib.sha256(event.ce_type.encode()).hexdigest()[:12]}",
        source=f"/crm/{registry.TOPICS[event].split('.')[1]}",
        subject=subject,
        time=_NOON,
        data=event.model_validate({**_model(event, noun), **_STORIES.get(event.ce_type, {})}),
        correlation_id="0199f2a4-0000-7000-8000-0000000c0a1e",
        actor="user:anna",
        sequence=None if event.ce_type in _ANSWERS else 1 if first else 2,
        causation_id="0199f2a4-0000-7000-8000-00000000ca5e" if event.ce_type in _SPEAKERS else None,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    return _text({"headers": envelope.headers(), "key": subject, "data": json.loads(envelope.body())})


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _model(kind: type[BaseModel], name: str) -> dict[str, Any]:
    """Example values for all fields of a model that stands in a field called `name`."""
    if kind is ElementRef:
        type_ = _REFERENCES.get(name, name if name in _TITLES else "contact")
        return {"type": type_, "id": _IDS[type_], "title": _TITLES[type_]}
    return {field: _field(info, field, name) for field, info in kind.model_fields.items()}


def _field(info: FieldInfo, name: str, owner: str) -> Any:
    kind = _plain(info.annotation)
    if ChangedFields in info.metadata:
        return _changed(kind, owner, earlier=name == "before")
    if name == "before":
        return _bare(kind)
    known = _known(name, owner)
    if known is not None:
        return known
    if info.examples:
        return info.examples[0]
    if info.is_required() or _holds_models(kind):
        return _value(kind, name)
    return info.get_default(call_default_factory=True)


def _known(name: str, owner: str) -> Any:
    """The value that the name of a field alone calls for, or None."""
    element = owner if name in {"id", "title"} else name.removesuffix("_id").removeprefix("proposed_")
    element = {"contacts": "contact", "companies": "company", "requisites": "requisite"}.get(element, element)
    if name.endswith("id"):
        return _IDS.get(element)
    if name == "title":
        return _TITLES.get(element, _TITLES["deal"])
    return _WORDS.get(name)


def _changed(kind: type[BaseModel], owner: str, *, earlier: bool) -> dict[str, Any]:
    """One or two fields only, as an Updated event has them."""
    fields = kind.model_fields
    names = [name for name in fields if name in _EARLIER][:2]
    values = {name: _EARLIER[name] if earlier else _field(fields[name], name, owner) for name in names}
    if not values:
        message = f"{kind.__name__} has no field in _EARLIER: give one an earlier value"
        raise KeyError(message)
    return values


def _bare(kind: type[BaseModel]) -> dict[str, Any]:
    """The value before there was anything to tell."""
    zero = {"value": "0.00", "currency": "EUR"}
    required = {name: info for name, info in kind.model_fields.items() if info.is_required()}
    return {name: zero if info.annotation is Money else _field(info, name, "") for name, info in required.items()}


def _plain(annotation: Any) -> Any:
    """The annotation without metadata, and without None."""
    while get_origin(annotation) in {Annotated, Union, types.UnionType}:
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return annotation


def _holds_models(kind: Any) -> bool:
    inner = _plain(get_args(kind)[0]) if get_origin(kind) is tuple else kind
    return isinstance(inner, type) and issubclass(inner, BaseModel)


def _value(kind: Any, name: str) -> Any:
    """An example of a type."""
    if get_origin(kind) is tuple:
        return [_value(_plain(get_args(kind)[0]), name)]
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if issubclass(kind, BaseModel):
        return _model(kind, name)
    simple = {str: name, int: 1, bool: True, Decimal: "1", datetime: _NOON, date: _NOON.date()}
    if kind not in simple:
        message = f"{name}: no example of {kind}; give the field one by Field(examples=...)"
        raise TypeError(message)
    return simple[kind]


def generate() -> dict[str, str]:
    """Every file that belongs into the package, by its path there."""
    events = registry.EVENTS.items()
    schemas = {f"schemas/{ce_type}.json": schema_text(event) for ce_type, event in events}
    return schemas | {f"samples/{ce_type}.json": sample_text(event) for ce_type, event in events}


def stale(root: Path = PACKAGE) -> list[str]:
    """Files that are missing, differ from what their class says, or belong to no event."""
    wanted = generate()
    files = (*root.glob("schemas/*.json"), *root.glob("samples/*.json"))
    present = {file.relative_to(root).as_posix(): file.read_text() for file in files}
    return sorted(path for path in {*wanted, *present} if wanted.get(path) != present.get(path))


def write(root: Path = PACKAGE) -> list[str]:
    """Bring all files up to date.

    Returns:
        The paths of samples that were kept as old ones, because the new ones look different.

    Raises:
        Unreadable: a committed sample cannot be read any more; nothing was written.
    """
    wanted = generate()
    unreadable = [path for path in wanted if path.startswith("samples/") and not _readable(root / path)]
    if unreadable:
        raise Unreadable(", ".join(unreadable))
    kept = []
    for path, text in wanted.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if path.startswith("samples/") and file.is_file() and _shape(file.read_text()) != _shape(text):
            kept.append(_keep(file).relative_to(root).as_posix())
        file.write_text(text)
    return kept


def _readable(file: Path) -> bool:
    if not file.is_file():
        return True
    sample = json.loads(file.read_text())
    try:
        return registry.parse(sample["headers"], json.dumps(sample["data"]).encode()) is not None
    except MalformedEvent:
        return False


def _keep(file: Path) -> Path:
    """Put a sample aside under the next free number."""
    old = file.parent / "old"
    old.mkdir(exist_ok=True)
    number = 1 + len(list(old.glob(f"{file.stem}-*.json")))
    return file.rename(old / f"{file.stem}-{number}.json")


def _shape(text: str) -> set[str]:
    """Which fields a sample has, at any depth, whatever their values."""

    def places(part: Any, place: str) -> set[str]:
        if isinstance(part, dict):
            return {place}.union(*(places(value, f"{place}.{name}") for name, value in part.items()))
        if isinstance(part, list):
            return {place}.union(*(places(value, f"{place}[]") for value in part))
        return {place}

    return places(json.loads(text), "")


def main(arguments: Sequence[str] | None = None, root: Path = PACKAGE) -> int:
    """The command; its exit status says whether all is well."""
    parser = argparse.ArgumentParser(prog="python -m deploy.contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, name what is stale")
    if parser.parse_args(arguments).check:
        names = stale(root)
        for name in names:
            print(f"stale: {name} (run `make contracts`)", file=sys.stderr)
        return 1 if names else 0
    try:
        kept = write(root)
    except Unreadable as error:
        print(f"can no longer be read: {error}", file=sys.stderr)
        print("Give new fields a default, or publish a .v2 beside it.", file=sys.stderr)
        return 1
    for name in kept:
        print(f"kept {name}")
    orphans = stale(root)
    for name in orphans:
        print(f"belongs to no event: {name}", file=sys.stderr)
    return 1 if orphans else 0


if __name__ == "__main__":
    sys.exit(main())
