"""Read a filter as callers write it in JSON, and name everything that is wrong with it by its path (DEAL-01)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, TypeAlias, cast

from shared.elements.domain.fields import CatalogueField
from shared.elements.domain.filters.errors import InvalidQuery
from shared.elements.domain.filters.nodes import EVERYTHING, All, AnyOf, Condition, Node, Not, Operand, Operator, Scalar
from shared.elements.domain.filters.operands import (
    WrongOperand,
    is_relative,
    read_operand,
    read_pattern,
    read_truth,
)
from shared.kit.domain import Wrong, wrong_field

MAX_DEPTH: Final = 8
MAX_PARTS: Final = 100
"""Conditions of a filter, with the groups that they stand in."""
MAX_VALUES: Final = 200
"""Values of an `in`."""
_GROUPS: Final = frozenset({"and", "or", "not"})


@dataclass(frozen=True, slots=True)
class Spelling:
    """How what callers write of a field is compared with what is stored.

    Attributes:
        name: of the field.
        normal: returns the form that values are compared in; None for a text that has none.
        all_in: the field that has values without such a form as well.
        refused: why a text without such a form is none to compare with.
    """

    name: str
    normal: Callable[[str], str | None]
    all_in: str
    refused: str

    def read(self, value: Scalar) -> str:
        """Return the form that a value is compared in.

        Raises:
            WrongOperand: it has none.
        """
        spelled = self.normal(str(value))
        if spelled is None:
            raise WrongOperand(self.refused)
        return spelled


NO_SPELLINGS: Final[Mapping[str, Spelling]] = MappingProxyType({})
Choices: TypeAlias = Mapping[str, Collection[str]]
"""Of fields that have one of few values: those that the caller may know of."""
ANY_VALUE: Final[Choices] = MappingProxyType({})
_SHOWN: Final = 60
"""Characters of an unknown name that an answer repeats."""


def parse_filter(
    raw: Any,
    fields: Mapping[str, CatalogueField],
    *,
    now: datetime,
    at: str = "filter",
    spellings: Mapping[str, Spelling] = NO_SPELLINGS,
) -> Node:
    """Read a filter over the fields that the caller may know; the others do not exist for him.

    `now` is what relative dates count from, `at` the place of the filter in the request.

    Raises:
        InvalidQuery: naming every wrong part by its path.
    """
    wrong: list[Wrong] = []
    node = FilterReader(fields, now, wrong, spellings).read(raw, at)
    if wrong:
        raise InvalidQuery.of(wrong)
    return node


def unknown(path: str, name: str, known: Sequence[str]) -> Wrong:
    """Make the error for a field that does not exist, or not for this caller: nothing in it tells which."""
    near = get_close_matches(name[:_SHOWN], known, n=1)
    return wrong_field(path, "unknown_field", f"there is no such field{f'; did you mean {near[0]}?' if near else ''}")


def _meant(value: str, known: Collection[str]) -> str:
    near = get_close_matches(value[:_SHOWN], known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(known)}" if known else ""


def shown(name: object) -> str:
    """Return a name as an answer can repeat it: a lone surrogate is legal in JSON, and in no answer."""
    return str(name)[:_SHOWN].encode(errors="replace").decode()


class FilterReader:
    """Reads one filter, and collects in `wrong` what is wrong with it; then what it returns means nothing."""

    def __init__(
        self,
        fields: Mapping[str, CatalogueField],
        now: datetime,
        wrong: list[Wrong],
        spellings: Mapping[str, Spelling] = NO_SPELLINGS,
        choices: Choices = ANY_VALUE,
    ) -> None:
        self._fields, self._now, self._wrong, self._spellings = fields, now, wrong, spellings
        self._choices = choices
        self._parts = 0

    def read(self, raw: Any, at: str) -> Node:
        """Read the whole filter; an empty one is passed by every record."""
        return EVERYTHING if raw == {} else self._filter(raw, at, 0)

    def _refuse(self, at: str, code: str, message: str) -> Node:
        return self._add(wrong_field(at, code, message))

    def _add(self, wrong: Wrong) -> Node:
        if len(self._wrong) < MAX_PARTS:
            self._wrong.append(wrong)
        return EVERYTHING

    def _filter(self, raw: Any, at: str, depth: int) -> Node:
        if not isinstance(raw, Mapping) or not raw:
            return self._refuse(at, "wrong_filter", 'an object with conditions is needed, such as {"title": "Pumps"}')
        parts = [self._part(name, value, f"{at}.{shown(name)}", depth) for name, value in raw.items()]
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _fits(self, at: str) -> bool:
        """Count a part; only the first that is too many is told."""
        self._parts += 1
        if self._parts == MAX_PARTS + 1:
            message = f"a filter has at most {MAX_PARTS} conditions and groups"
            self._wrong.append(wrong_field(at, "filter_too_large", message))
        return self._parts <= MAX_PARTS

    def _part(self, name: str, raw: Any, at: str, depth: int) -> Node:
        if name in _GROUPS:
            return self._group(name, raw, at, depth + 1)
        field = self._fields.get(name)
        if field is None:
            return self._add(unknown(at, name, list(self._fields))) if self._fits(at) else EVERYTHING
        if not isinstance(raw, Mapping) or is_relative(field.kind, raw):
            return self._condition(field, "=", raw, at)
        if not raw:
            return self._refuse(at, "wrong_operand", 'an operator is needed, such as {">=": ...}')
        conditions = [
            self._condition(field, operator, operand, f"{at}.{shown(operator)}") for operator, operand in raw.items()
        ]
        return conditions[0] if len(conditions) == 1 else All(tuple(conditions))

    def _group(self, name: str, raw: Any, at: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            return self._refuse(at, "filter_too_large", f"at most {MAX_DEPTH} levels of and, or, not are allowed")
        if not self._fits(at):
            return EVERYTHING
        if name == "not":
            return Not(self._filter(raw, at, depth))
        if not isinstance(raw, list) or not raw:
            return self._refuse(at, "wrong_filter", "a list of filters is needed")
        parts = tuple(self._filter(each, f"{at}.{place}", depth) for place, each in enumerate(raw))
        return All(parts) if name == "and" else AnyOf(parts)

    def _condition(self, field: CatalogueField, operator: str, raw: Any, at: str) -> Node:
        if not self._fits(at):
            return EVERYTHING
        if operator not in field.operators:
            known = ", ".join(sorted(field.operators)) or "none"
            return self._refuse(at, "unknown_operator", f"{field.name} has no such operator; there are: {known}")
        if operator == "empty" and field.name in self._spellings:
            field = self._fields[self._spellings[field.name].all_in]
        try:
            return Condition(field, cast("Operator", operator), self._operand(field, operator, raw, at))
        except WrongOperand as error:
            return self._refuse(at, "wrong_operand", str(error))

    def _operand(self, field: CatalogueField, operator: str, raw: Any, at: str) -> Operand:
        if operator in {"like", "not like"}:
            return read_pattern(raw)
        if operator == "empty":
            return read_truth(raw)
        if operator in {"in", "not in"}:
            return self._values(field, raw, at)
        if isinstance(raw, list):
            raise WrongOperand('one value is needed; several are {"in": [...]}')
        return self._value(field, raw)

    def _value(self, field: CatalogueField, raw: Any) -> Scalar:
        value, spelling = read_operand(field.kind, raw, self._now), self._spellings.get(field.name)
        known = self._choices.get(field.name)
        if known is not None and isinstance(value, str) and value not in known:
            raise WrongOperand(f"there is no {field.name.removesuffix('_id')} {shown(value)}{_meant(value, known)}")
        return value if spelling is None else spelling.read(value)

    def _values(self, field: CatalogueField, raw: Any, at: str) -> tuple[Any, ...]:
        if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_VALUES:
            raise WrongOperand(f"a list of 1 to {MAX_VALUES} values is needed")
        found = []
        for place, each in enumerate(raw):
            try:
                found.append(self._value(field, each))
            except WrongOperand as error:
                self._refuse(f"{at}.{place}", "wrong_operand", str(error))
        return tuple(dict.fromkeys(found))
