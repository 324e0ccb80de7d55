"""Check codes against the dictionaries of their fields, and choose defaults (CONT-05, COMP-02, COMP-06, DICT-01).

Any code of a dictionary that is not known here is accepted. A code that an element has already may be given again,
because values are deleted without asking who has them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm_contracts.field_spec import FieldSpec
from crm_contracts.values import Fields

from shared.kit.domain import KNOWN_SOON, Invalid, sentence_of, wrong_field


class UnknownValue(Invalid):
    """The dictionary of a field has no such value (DICT-01)."""

    code = "unknown_value"
    advice = (
        "Where the value was added just now, send the same request again: its event comes in a moment. Else send one "
        "of those that the message says where to find."
    )


@dataclass(frozen=True)
class DictionaryCodes:
    """The fields that have a dictionary, and the codes of each known dictionary in order."""

    specs: Mapping[str, FieldSpec]
    known: Mapping[str, Sequence[str]]

    def only(self, names: Iterable[str]) -> "DictionaryCodes":
        """Leave out the fields that are not named."""
        wanted = set(names)
        return replace(self, specs={name: spec for name, spec in self.specs.items() if name in wanted})

    def for_new(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check the fields of a new element; an absent one gets the first value of its dictionary, null stays null.

        Raises:
            UnknownValue: naming every field with a code that its dictionary has not.
        """
        return self.defaults | self._checked(given, {})

    def for_existing(self, changes: Mapping[str, Any], current: Fields) -> dict[str, Any]:
        """Check the changes of an existing element; a code that it has already may be given again.

        Raises:
            UnknownValue: naming every field with a code that its dictionary has not.
        """
        return self._checked(changes, {name: getattr(current, name) for name in self.specs})

    @property
    def defaults(self) -> dict[str, str]:
        """The first value of each known dictionary that has any, for fields with a default."""
        return {
            name: self.known[spec.dictionary][0]
            for name, spec in self.specs.items()
            if spec.has_default and spec.dictionary and self.known.get(spec.dictionary)
        }

    def _checked(self, given: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
        checked, unknown = dict(given), []
        for name, spec in self.specs.items():
            if given.get(name) is not None:
                checked[name] = self._accepted(spec, given[name], current.get(name))
                if checked[name] is None:
                    message = (
                        f"the dictionary {spec.dictionary} has no such value; "
                        f"GET /v1/dictionaries/{spec.dictionary} of catalog lists those that it has; {KNOWN_SOON}"
                    )
                    unknown.append(wrong_field(name, UnknownValue.code, message))
        if unknown:
            raise UnknownValue(sentence_of(unknown), {"errors": unknown})
        return checked

    def _accepted(self, spec: FieldSpec, code: Any, current: Any) -> Any:
        """Accept the code, or the one that it is an alias of; None where it cannot be given. A number is its digits."""
        known = self.known.get(spec.dictionary or "")
        if code == current or str(code) in (known or ()):
            return code
        meant = spec.aliases.get(code, code)
        return meant if known is None or meant == current or str(meant) in known else None
