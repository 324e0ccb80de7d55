"""Example values for the fields of a model: by the name of the field, by its example, or by its type."""

import types
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from crm_contracts.elements import ELEMENTS
from crm_contracts.values import ChangedFields, ElementRef, Money
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from generation.references import NOUNS, id_of, reference, title_of
from generation.words import EARLIER, NOON, WORDS

REFERENCES: Final = {"element": "deal", "link_to": "deal"}
"""Types of referenced elements by field name; a field named after a type refers to it, any other one to a contact."""
_SINGULARS: Final = {"requisites": "requisite", **{each.plural: each.noun for each in ELEMENTS.values()}}


def example_of(kind: type[BaseModel], name: str) -> dict[str, Any]:
    """Return example values for all fields of the model in a field called `name`."""
    if kind is ElementRef:
        return dict(reference(REFERENCES.get(name, name if name in NOUNS else "contact")))
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
    """Return the value that the name of a field alone calls for, or None."""
    noun = owner if name in {"id", "title"} else name.removesuffix("_id").removeprefix("proposed_")
    noun = _SINGULARS.get(noun, noun)
    if name.endswith("id"):
        return id_of(noun)
    return title_of(noun) if name == "title" else WORDS.get(name)


def _changed(kind: type[BaseModel], owner: str, *, earlier: bool) -> dict[str, Any]:
    """Return one or two fields only, as an Updated event has them."""
    fields = kind.model_fields
    texts = [name for name, info in fields.items() if _plain(info.annotation) is str]
    names = [name for name in fields if name in EARLIER][:2] or texts[:1]
    if not names:
        message = f"{kind.__name__} has neither a text field nor one in EARLIER: give one an earlier value"
        raise KeyError(message)
    if earlier:
        return {name: EARLIER.get(name, f"earlier {name}") for name in names}
    return {name: _field(fields[name], name, owner) for name in names}


def _bare(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the value of a field that was never set: required fields only, amounts zero."""
    zero = {"value": "0.00", "currency": "EUR"}
    required = {name: info for name, info in kind.model_fields.items() if info.is_required()}
    return {name: zero if info.annotation is Money else _field(info, name, "") for name, info in required.items()}


def _plain(annotation: Any) -> Any:
    """Strip an annotation of metadata and of None."""
    while get_origin(annotation) in {Annotated, Union, types.UnionType}:
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return annotation


def _holds_models(kind: Any) -> bool:
    inner = _plain(get_args(kind)[0]) if get_origin(kind) is tuple else kind
    return isinstance(inner, type) and issubclass(inner, BaseModel)


def _value(kind: Any, name: str) -> Any:
    """Return an example of a type."""
    if get_origin(kind) is tuple:
        return [_value(_plain(get_args(kind)[0]), name)]
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if issubclass(kind, BaseModel):
        return example_of(kind, name)
    simple = {str: name, int: 1, bool: True, Decimal: "1", datetime: NOON, date: NOON.date()}
    if kind not in simple:
        message = f"{name}: no example of {kind}; give the field one by Field(examples=...)"
        raise TypeError(message)
    return simple[kind]
