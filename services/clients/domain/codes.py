"""Which codes a contact or a company may be given, and which it gets where none is given (CONT-05, COMP-02, COMP-06).

The surprise: of a dictionary that nothing was heard of, any code is taken, because who knows no list can refuse
nothing; and what stands in a record may stay there, because values are deleted without asking who has them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from crm_contracts.companies import CompanyFields
from crm_contracts.contacts import ContactFields

from services.clients.domain.errors import UnknownValue

CONTACT_CODES: Final = {"type_id": "contact_type", "salutation": "salutation"}
COMPANY_CODES: Final = {"type_id": "company_type", "industry": "industry", "employees": "employees"}
"""The dictionary of each field."""

_WITHOUT_DEFAULT: Final = frozenset({"salutation"})
_ALIASES: Final[Mapping[tuple[str, str], str]] = {("company_type", "CUSTOMER"): "CLIENT"}


@dataclass(frozen=True)
class Codes:
    """The dictionary of each field, and what was heard of the dictionaries: their codes in order."""

    dictionaries: Mapping[str, str]
    heard: Mapping[str, Sequence[str]]

    def for_new(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a new record: an absent one has the first value of its dictionary, null stays null.

        Raises:
            UnknownValue: naming every field with a code that its dictionary has not.
        """
        return self.defaults | self._checked(given, {})

    def for_standing(self, changes: Mapping[str, Any], stands: ContactFields | CompanyFields) -> dict[str, Any]:
        """The changes of a record that is there; a code that stands in it may be given again.

        Raises:
            UnknownValue: naming every field with a code that its dictionary has not.
        """
        return self._checked(changes, {name: getattr(stands, name) for name in self.dictionaries})

    @property
    def defaults(self) -> dict[str, str]:
        """The first value of each dictionary that was heard of and has any; nobody has a salutation by default."""
        return {
            name: self.heard[dictionary][0]
            for name, dictionary in self.dictionaries.items()
            if name not in _WITHOUT_DEFAULT and self.heard.get(dictionary)
        }

    def _checked(self, given: Mapping[str, Any], stands: Mapping[str, Any]) -> dict[str, Any]:
        checked = dict(given)
        for name, dictionary in self.dictionaries.items():
            if given.get(name) is not None:
                checked[name] = self._meant(dictionary, given[name], stands.get(name))
        unknown = {
            name: dictionary
            for name, dictionary in self.dictionaries.items()
            if given.get(name) is not None and checked[name] is None
        }
        if unknown:
            errors = [
                {"field": name, "code": UnknownValue.code, "message": f"the dictionary {dictionary} has no such value"}
                for name, dictionary in unknown.items()
            ]
            raise UnknownValue("Some values are in no dictionary.", {"errors": errors})
        return checked

    def _meant(self, dictionary: str, code: str, stands: str | None) -> str | None:
        """The code that is meant, or None where it cannot be given."""
        known = self.heard.get(dictionary)
        if code == stands or code in (known or ()):
            return code
        meant = _ALIASES.get((dictionary, code), code)
        return meant if known is None or meant == stands or meant in known else None


class Dictionaries(Protocol):
    """Remembers what was heard of the catalog's dictionaries."""

    async def codes(self, dictionaries: Mapping[str, str], fields: Iterable[str] | None = None) -> Codes:
        """What may be chosen for fields of which each has a dictionary; for these of them alone, where named."""
        ...
