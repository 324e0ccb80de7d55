"""The data on a card about a client who may exist already, and by what two records may be the same client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Criterion = Literal["name", "company", "phone", "email", "requisite", "bank_detail", "further"]
"""By what two records may be the same client (DUP-03)."""

FurtherField = Literal[
    "birth_date",
    "position",
    "type_id",
    "source_id",
    "source_description",
    "industry",
    "employees",
    "banking_details",
    "comments",
    "websites",
    "messengers",
]
"""Other fields that a card may search by, up to seven at once (DUP-03)."""


@dataclass(frozen=True)
class Card:
    """The data on a card about a client who may exist already; phones and e-mails as they are found by (DUP-03)."""

    first_name: str = ""
    middle_name: str = ""
    last_name: str = ""
    company_title: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    requisites: tuple[str, ...] = ()
    bank_details: tuple[str, ...] = ()
    further: Mapping[FurtherField, str] = field(default_factory=dict)
