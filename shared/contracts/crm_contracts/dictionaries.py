"""Dictionaries and the events about them (DICT-04).

On `crm.catalog.events`, but for the stages of elements without pipelines: those are a dictionary of the service that
has the elements, `lead_stage` on `crm.leads.events`.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from crm_contracts.events import ElementEvent
from crm_contracts.values import ChangedFields, ElementRef, Exact, Fields, StageSemantic, Value


class DictionaryValueFields(Fields):
    """What may be changed of a dictionary's value (DICT-02)."""

    name: str = Field(default="", examples=["Client"])
    sort: int = Field(default=10, description="place among the values; of equal ones system values come first")
    color: str | None = Field(default=None, description="`#RRGGBB`, of a stage")


class DictionaryValue(Value):
    """What a field may be: one line of a drop-down list (DICT-02)."""

    code: str = Field(examples=["CLIENT"], description="unique in its dictionary; immutable")
    name: str = Field(examples=["Client"])
    default_name: str = Field(examples=["Client"], description="the name that it was created with")
    sort: int = 10
    system: bool = Field(default=False, description="came with the CRM, and is only deleted by force")
    rate: Exact | None = Field(default=None, description="percent, of a value that is a VAT rate; immutable (PROD-11)")
    semantic: StageSemantic | None = Field(
        default=None, description="of a stage: process (P), success (S) or failure (F); immutable"
    )
    color: str | None = Field(default=None, description="`#RRGGBB`, of a stage")

    @property
    def place(self) -> tuple[int, bool, str]:
        """Where it stands among the values of its dictionary."""
        return self.sort, not self.system, self.code


AllCodes = Annotated[
    tuple[str, ...],
    Field(
        examples=[["CLIENT", "SUPPLIER", "PARTNER", "OTHER"]],
        description="all codes of the dictionary from now on, in the order of its values",
    ),
]


class DictionaryEvent(ElementEvent):
    """An event in the history of a dictionary."""

    dictionary: ElementRef

    @property
    def element(self) -> ElementRef:
        """The dictionary."""
        return self.dictionary


class DictionaryValueCreated(DictionaryEvent):
    """A dictionary got a value (DICT-01, DICT-02)."""

    ce_type: ClassVar[str] = "crm.dictionary.value_created.v1"
    value: DictionaryValue
    codes: AllCodes


class DictionaryValueUpdated(DictionaryEvent):
    """A value of a dictionary has another name or place; `value` is all of it from now on."""

    ce_type: ClassVar[str] = "crm.dictionary.value_updated.v1"
    before: Annotated[DictionaryValueFields, ChangedFields]
    after: Annotated[DictionaryValueFields, ChangedFields]
    value: DictionaryValue
    codes: AllCodes


class DictionaryValueDeleted(DictionaryEvent):
    """A dictionary lost a value; who has it keeps the bare code (DICT-02)."""

    ce_type: ClassVar[str] = "crm.dictionary.value_deleted.v1"
    before: DictionaryValue
    codes: AllCodes
