"""Phones and e-mails in filters, in any notation (DEAL-01)."""

from collections.abc import Mapping
from functools import partial

from shared.elements.domain.contact_points import normalized_email, normalized_phone
from shared.elements.domain.filters.parsing import Spelling


def point_spellings(country: str) -> Mapping[str, Spelling]:
    """Return how phones and e-mails are compared, by field; `country` is for national numbers."""
    spellings = (
        Spelling("phone", partial(normalized_phone, country=country), "phones", _refused("phone")),
        Spelling("email", normalized_email, "emails", _refused("email")),
    )
    return {spelling.name: spelling for spelling in spellings}


def _refused(field: str) -> str:
    return f"this is no {field} that can be compared in any notation; /v1/duplicates/find compares as typed"
