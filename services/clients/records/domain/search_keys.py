"""Derive the search keys of a client from its name, contact data and tax numbers (CLI-03, CLI-04)."""

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import Final

from crm_contracts.values import ContactPoint

from services.clients.records.domain.names import company_key
from shared.elements.domain.plain_words import words_of
from shared.elements.domain.search_keys import WORD, cut_keys, name_keys, number_keys, title_keys

MAX_WORDS: Final = 64
"""Words of a person's name that it is found from; characters, in scripts without spaces."""
MAX_PAIRED: Final = 6
"""Words of a person's name that are indexed in pairs, in any order."""
COMPANY: Final = "c:"
"""Title of a company without its legal form, in its own script where that has no spaces; compared only as a whole."""


def contact_keys(
    name: str, phones: Iterable[ContactPoint], emails: Iterable[ContactPoint], tax_numbers: Iterable[str] = ()
) -> list[str]:
    """Derive the keys of a person: every rotation of the name's words, and ordered pairs of them."""
    words = words_of(name)[:MAX_WORDS]
    rotations = {" ".join((*words[place:], *words[:place])) for place in range(len(words))}
    pairs = {" ".join(pair) for pair in permutations(words[:MAX_PAIRED], 2)}
    others = rotations | {pair for pair in pairs if not any(each.startswith(pair) for each in rotations)}
    return cut_keys({*name_keys(words), *(WORD + other for other in others), *number_keys(phones, emails, tax_numbers)})


def company_keys(
    titles: Sequence[str],
    phones: Iterable[ContactPoint],
    emails: Iterable[ContactPoint],
    tax_numbers: Iterable[str] = (),
) -> list[str]:
    """Derive the keys of an organisation: its title and legal names, each from any of its words on."""
    bare = (COMPANY + key for key in map(company_key, titles) if key)
    return cut_keys({*title_keys(titles, phones, emails, tax_numbers), *bare})
