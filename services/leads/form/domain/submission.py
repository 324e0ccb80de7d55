"""What is submitted by a form: texts by the names of its fields, and the parts of a lead that they are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, TypeAlias

from crm_contracts.values import Address, Utm

from services.leads.form.domain.form import FormFields

Given: TypeAlias = Mapping[str, Sequence[str]]
"""The values of each field, as they were submitted."""

SUBMISSION_ID: Final = "submission_id"
"""The field by which a site says that two submissions are one."""
POINTS: Final = ("phones", "emails", "websites")
"""Lists of a lead: each value is an entry."""
COMMENTS: Final = "comments"
TARGETS: Final = (
    "title",
    "first_name",
    "middle_name",
    "last_name",
    "birth_date",
    "position",
    "company_title",
    "source_description",
    "status_description",
    COMMENTS,
    *POINTS,
    *(f"utm.{name}" for name in Utm.model_fields),
    *(f"address.{name}" for name in Address.model_fields if name != "type"),
)
"""The fields of a lead that a field of a form may be; all are texts."""


@dataclass(frozen=True)
class Part:
    """A value for a field of the lead, and the names of the fields of the form that it comes from."""

    target: str
    value: str
    names: str


@dataclass(frozen=True)
class Submission:
    """What was submitted; blank values are none."""

    given: Given

    @property
    def ids(self) -> Sequence[str]:
        """Its id, if the site gave one."""
        return self.given.get(SUBMISSION_ID, ())

    @property
    def digest(self) -> str:
        """The same for the same content."""
        content = sorted((name, list(values)) for name, values in self.given.items() if name != SUBMISSION_ID)
        return sha256(json.dumps(content).encode()).hexdigest()[:32]

    def is_of_a_program(self, form: FormFields) -> bool:
        """Whether the field is filled that people do not see."""
        return form.honeypot is not None and bool(self.given.get(form.honeypot))

    def origin_ids(self, at: datetime) -> Sequence[str]:
        """Return the id that its lead has there, then others that it may have got when it was sent a moment before.

        Without an id of the site, the same content within a day is the same submission.
        """
        if self.ids:
            return self.ids
        return [f"{day:%Y-%m-%d}-{self.digest}" for day in (at, at - timedelta(days=1))]

    def parts(self, form: FormFields) -> tuple[Sequence[Part], Sequence[Part]]:
        """Split it into fields of the lead and the rest, which no field takes and is not to be lost either."""
        mapped: dict[str, list[tuple[str, str]]] = {}
        rest: list[Part] = []
        for name, values in self.given.items():
            target = form.fields.get(name)
            if name in {SUBMISSION_ID, form.honeypot}:
                continue
            if target is None:
                rest.append(Part(COMMENTS, ", ".join(values), name))
            else:
                mapped.setdefault(target, []).extend((name, value) for value in values)
        return [part for target, found in mapped.items() for part in _parts_of(target, found)], rest


def _parts_of(target: str, found: Sequence[tuple[str, str]]) -> Sequence[Part]:
    """Make one text of several values, but where the lead has a list."""
    if target in POINTS:
        return [Part(target, value, name) for name, value in found]
    between = "\n" if target == COMMENTS else " "
    names = ", ".join(dict.fromkeys(name for name, _ in found))
    return [Part(target, between.join(value for _, value in found), names)]
