"""Phones and e-mails in filters, in any notation (DEAL-01)."""

from collections.abc import Mapping
from functools import partial

from shared.elements.domain.contact_points import normalized_email, normalized_phone
from shared.elements.domain.filters.parsing import Spelling


def point_spellings(country: str) -> Mapping[str, Spelling]:
    """Return how phones and e-mails are compared, by field; `country` is for national numbers."""
    spellings = (
        Spelling("phone", partial(normalized_phone, country=country), "phones", _refused("phone", "a digit")),
        Spelling("email", normalized_email, "emails", _refused("email", "an @")),
    )
    return {spelling.name: spelling for spelling in spellings}


def _refused(field: str, least: str) -> str:
    elsewhere = f"/v1/duplicates/find compares as typed, if it has {least}"
    return f"this is no {field} that can be compared in any notation; {elsewhere}"
