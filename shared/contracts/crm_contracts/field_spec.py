"""Declare of a field what its type does not say: today the dictionary that its values come from (DICT-01).

A spec stands in the field's annotation: `type_id: Annotated[str | None, FieldSpec(dictionary="contact_type")] = None`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crm_contracts.values import Fields


@dataclass(frozen=True)
class FieldSpec:
    """What is known of a field beyond its type.

    Attributes:
        dictionary: id of the dictionary that its values come from; None where it has none.
        has_default: whether a new element without the field gets the first value of the dictionary.
        aliases: codes that are taken for another one.
    """

    dictionary: str | None = None
    has_default: bool = True
    aliases: Mapping[str, str] = field(default_factory=dict)


def dictionary_fields(fields: type[Fields]) -> dict[str, FieldSpec]:
    """The specs of those fields whose values come from a dictionary, in the order in which the class declares them."""
    declared = [name for name in fields.__annotations__ if name in fields.model_fields]
    return {
        name: spec
        for name in dict.fromkeys((*declared, *fields.model_fields))
        for spec in fields.model_fields[name].metadata
        if isinstance(spec, FieldSpec) and spec.dictionary is not None
    }
