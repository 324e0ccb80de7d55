"""Derive the search keys of a client from its name, contact data and tax numbers (CLI-03, CLI-04).

A key is a short plain ASCII text that begins with a letter for its kind. What a user types is a prefix of a key, so a
search reads a few short ranges of one index, however many clients there are. Phones are stored with their digits
reversed, because users know the last digits.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from typing import Final

from crm_contracts.values import ContactPoint

from services.clients.records.domain.names import company_key
from services.clients.text import words_of
from shared.elements.domain.contact_points import folded

MAX_WORDS: Final = 64
"""Words of a person's name that it is found from; characters, in scripts without spaces."""
MAX_PAIRED: Final = 6
"""Words of a person's name that are indexed in pairs, in any order."""
MAX_KEY: Final = 60

NAME: Final = "n:"
"""The whole name or title; matches of it rank first."""
WORD: Final = "w:"
"""A name from any of its words on."""
EMAIL: Final = "e:"
DOMAIN: Final = "d:"
PHONE: Final = "p:"
"""Digits, the last one first."""
COMPANY: Final = "c:"
"""Title of a company without its legal form, in its own script where that has no spaces; compared only as a whole."""
TAX: Final = "t:"
"""Tax number, without spaces and punctuation (REQ-02)."""


def contact_keys(
    name: str, phones: Iterable[ContactPoint], emails: Iterable[ContactPoint], tax_numbers: Iterable[str] = ()
) -> list[str]:
    """Derive the keys of a person: every rotation of the name's words, and ordered pairs of them."""
    words = words_of(name)[:MAX_WORDS]
    rotations = {" ".join((*words[place:], *words[:place])) for place in range(len(words))}
    pairs = {" ".join(pair) for pair in permutations(words[:MAX_PAIRED], 2)}
    others = rotations | {pair for pair in pairs if not any(each.startswith(pair) for each in rotations)}
    return _cut({*_name(words), *(WORD + other for other in others), *_numbers(phones, emails, tax_numbers)})


def company_keys(
    titles: Sequence[str],
    phones: Iterable[ContactPoint],
    emails: Iterable[ContactPoint],
    tax_numbers: Iterable[str] = (),
) -> list[str]:
    """Derive the keys of an organisation: its title and legal names, each from any of its words on."""
    every = [words_of(title) for title in titles]
    tails = (" ".join(words[place:]) for words in every for place in range(1, len(words)))
    names = (name for words in every for name in _name(words))
    bare = (COMPANY + key for key in map(company_key, titles) if key)
    return _cut({*names, *(WORD + tail for tail in tails), *bare, *_numbers(phones, emails, tax_numbers)})


def whole_key(kind: str, text: str) -> str:
    """Build the key of a whole text, as the index has it."""
    return (kind + text)[:MAX_KEY]


def digits_of(text: str) -> str:
    """Keep the ASCII digits of a text."""
    return "".join(char for char in text if char.isascii() and char.isdigit())


def begins_a_word(word: str) -> str:
    """Build the regular expression of keys with a name of which a word begins so; `word` is a plain one."""
    return f"^({NAME}|{WORD})(.* )?{word}"


def phone_keys(phones: Iterable[ContactPoint]) -> Iterator[str]:
    """Derive the keys of phones; one without a digit has none."""
    for point in phones:
        if digits := digits_of(point.normalized or point.value):
            yield PHONE + digits[::-1]


def email_keys(emails: Iterable[ContactPoint]) -> Iterator[str]:
    """Derive the keys of whole addresses."""
    for point in emails:
        yield EMAIL + (point.normalized or folded(point.value))


def sought_keys(phones: Iterable[str], emails: Iterable[str]) -> list[str]:
    """Build the keys of whole phones and addresses, each as it is normalised or typed."""
    numbers = (whole_key(PHONE, digits_of(phone)[::-1]) for phone in phones)
    return [*numbers, *(whole_key(EMAIL, email) for email in emails)]


def _name(words: Sequence[str]) -> list[str]:
    return [NAME + " ".join(words)] if words else []


def _numbers(
    phones: Iterable[ContactPoint], emails: Iterable[ContactPoint], tax_numbers: Iterable[str]
) -> Iterator[str]:
    yield from phone_keys(phones)
    for key in email_keys(emails):
        yield from (key, DOMAIN + key.removeprefix(EMAIL).rpartition("@")[2])
    yield from (TAX + number.lower() for number in tax_numbers)


def _cut(keys: Iterable[str]) -> list[str]:
    return sorted({key[:MAX_KEY] for key in keys})
