"""Ids and titles of the elements in samples; an element type that is not listed gets both derived from its noun."""

import hashlib
from collections.abc import Mapping
from typing import Final

from crm_contracts.elements import ELEMENTS

_IDS: Final = {
    "lead": "0199f2a4-0000-7000-8000-000000001ead",
    "deal": "0199f2a4-0000-7000-8000-00000000dea1",
    "contact": "0199f2a4-0000-7000-8000-00000000c001",
    "company": "0199f2a4-0000-7000-8000-00000000c0de",
    "product": "0199f2a4-0000-7000-8000-0000000090d5",
    "dictionary": "contact_type",
    "department": "sales",
    "requisite": "0199f2a4-0000-7000-8000-00000000adde",
    "conversion": "0199f2a4-0000-7000-8000-00000000c0f1",
    "entry_event": "0199f2a4-0000-7000-8000-00000000ebe7",
    "resolution": "8d0e4b7e-6f5c-5a50-9d3c-00000000c1e7",
    "refusal": "8d0e4b7e-6f5c-5a50-9d3c-00000000dea1",
}
_TITLES: Final = {
    "lead": "Pumps for ACME",
    "deal": "Pumps for ACME",
    "contact": "Ada Lovelace",
    "company": "ACME GmbH",
    "product": "GTX Pro",
    "dictionary": "Contact types",
    "department": "Sales",
}
_OTHER_TITLES: Final = {"contact": "A. Lovelace", "company": "ACME"}
NOUNS: Final = frozenset({*ELEMENTS, *_TITLES})
"""Types that a reference may name."""


def derived_id(text: str) -> str:
    """Return an id that is the same at every run."""
    return f"0199f2a4-0000-7000-8000-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def id_of(noun: str) -> str | None:
    """Return the id that samples use for a noun, or None where it is neither listed nor an element type."""
    return _IDS.get(noun) or (derived_id(noun) if noun in ELEMENTS else None)


def title_of(noun: str) -> str:
    """Return the title that samples use for a noun, by default that of the deal."""
    return _TITLES.get(noun) or (f"{noun.capitalize()} for ACME" if noun in ELEMENTS else _TITLES["deal"])


def reference(noun: str) -> Mapping[str, str | None]:
    """Return a reference to the element of a type."""
    return {"type": noun, "id": id_of(noun), "title": title_of(noun)}


def other_reference(noun: str) -> Mapping[str, str | None]:
    """Return a reference to a second element of a type, such as the one that is merged with the first."""
    return {"type": noun, "id": f"{(id_of(noun) or noun)[:-1]}f", "title": _OTHER_TITLES.get(noun, title_of(noun))}
