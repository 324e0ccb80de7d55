"""Rules of a dictionary: the values that a field with an asterisk may take (DICT-01, DICT-02).

A value is deleted whether elements have it or not; those keep the bare code.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final, Self

from crm_contracts.dictionaries import (
    DictionaryValue,
    DictionaryValueCreated,
    DictionaryValueDeleted,
    DictionaryValueFields,
    DictionaryValueUpdated,
)
from crm_contracts.values import ElementRef

from services.catalog.dictionary.domain.errors import SystemValue, TooManyValues, ValueExists
from services.catalog.dictionary.domain.seeds import SEEDS
from shared.kit.domain import Aggregate, NotFound, invalid_field

MAX_VALUES: Final = 500


class Dictionary(Aggregate):
    """One drop-down list; its id is its code, such as `industry`. Its values are in their order."""

    NOUN: ClassVar[str] = "dictionary"

    values: tuple[DictionaryValue, ...] = ()

    @classmethod
    def create(cls, code: str) -> Self:
        """Create a dictionary with its seeds, and record an event for each value."""
        dictionary = cls(id=code, values=SEEDS[code].values)
        for value in dictionary.values:
            dictionary.record(DictionaryValueCreated(dictionary=dictionary.ref, value=value, codes=dictionary._codes))
        return dictionary

    @property
    def name(self) -> str:
        """Name of the dictionary."""
        return SEEDS[self.id].name

    @property
    def ref(self) -> ElementRef:
        """Reference to this dictionary."""
        return ElementRef(type="dictionary", id=self.id, title=self.name)

    def value(self, code: str) -> DictionaryValue:
        """Find the value of this code.

        Raises:
            NotFound: there is none.
        """
        for value in self.values:
            if value.code == code:
                return value
        message = f"The dictionary {self.id} has no value {code}."
        raise NotFound(message)

    def add_value(self, code: str, name: str, sort: int, rate: Decimal | None = None) -> None:
        """Add a value; the code of a deleted value may be used again.

        Raises:
            Invalid: no name, no rate of a VAT rate, or a rate of something else.
            ValueExists: it has a value of this code.
            TooManyValues: it has 500.
        """
        if any(value.code == code for value in self.values):
            message = f"The dictionary {self.id} has a value {code}."
            raise ValueExists(message)
        if len(self.values) >= MAX_VALUES:
            message = f"A dictionary has at most {MAX_VALUES} values."
            raise TooManyValues(message)
        _need_a_name(name)
        if (rate is not None) != SEEDS[self.id].has_rates:
            wrong = (
                ("missing", "a VAT rate needs a rate") if rate is None else ("not_allowed", "only VAT rates have one")
            )
            raise invalid_field("rate", *wrong)
        added = DictionaryValue(code=code, name=name, default_name=name, sort=sort, rate=rate)
        self._put(*self.values, added)
        self.record(DictionaryValueCreated(dictionary=self.ref, value=added, codes=self._codes))

    def change_value(self, code: str, changes: Mapping[str, Any]) -> None:
        """Change a value's name or sort index; record nothing where it has them already.

        Raises:
            NotFound: no such value.
            Invalid: no name.
        """
        value = self.value(code)
        after = {field: given for field, given in changes.items() if getattr(value, field) != given}
        if not after:
            return
        changed = value.model_copy(update=after)
        _need_a_name(changed.name)
        before = {field: getattr(value, field) for field in after}
        self._put(*self._without(code), changed)
        self.record(
            DictionaryValueUpdated(
                dictionary=self.ref,
                before=DictionaryValueFields(**before),
                after=DictionaryValueFields(**after),
                value=changed,
                codes=self._codes,
            )
        )

    def delete_value(self, code: str, *, by_force: bool) -> None:
        """Delete a value.

        Raises:
            NotFound: no such value.
            SystemValue: it is a system value, and `by_force` is not set.
        """
        value = self.value(code)
        if value.system and not by_force:
            message = f"{code} came with the CRM; it is deleted by force only."
            raise SystemValue(message)
        self._put(*self._without(code))
        self.record(DictionaryValueDeleted(dictionary=self.ref, before=value, codes=self._codes))

    @property
    def _codes(self) -> tuple[str, ...]:
        return tuple(value.code for value in self.values)

    def _without(self, code: str) -> Iterable[DictionaryValue]:
        return (value for value in self.values if value.code != code)

    def _put(self, *values: DictionaryValue) -> None:
        self.values = tuple(sorted(values, key=lambda value: value.place))


def _need_a_name(name: str) -> None:
    if not name:
        raise invalid_field("name", "missing", "a value needs a name")
