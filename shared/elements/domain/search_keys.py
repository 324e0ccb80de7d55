"""Derive the search keys of an element from its titles, contact data and tax numbers (CLI-03, CLI-04, DEAL-01).

A key is a short plain ASCII text that begins with a letter for its kind. What a user types is a prefix of a key, so a
search reads a few short ranges of one index, however many elements there are. Phones are stored with their digits
reversed, because users know the last digits.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from crm_contracts.values import ContactPoint

from shared.elements.domain.contact_points import extension, folded
from shared.elements.domain.plain_words import words_of

MAX_KEY: Final = 60

NAME: Final = "n:"
"""The whole name or title; matches of it rank first."""
WORD: Final = "w:"
"""A name from any of its words on."""
EMAIL: Final = "e:"
DOMAIN: Final = "d:"
PHONE: Final = "p:"
"""Digits, the last one first."""
TAX: Final = "t:"
"""Tax number, without spaces and punctuation (REQ-02)."""


def title_keys(
    titles: Iterable[str],
    phones: Iterable[ContactPoint] = (),
    emails: Iterable[ContactPoint] = (),
    tax_numbers: Iterable[str] = (),
) -> list[str]:
    """Derive the keys of what has titles: each from any of its words on, and contact data."""
    every = [words_of(title) for title in titles]
    tails = (" ".join(words[place:]) for words in every for place in range(1, len(words)))
    names = (name for words in every for name in name_keys(words))
    return cut_keys({*names, *(WORD + tail for tail in tails), *number_keys(phones, emails, tax_numbers)})


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


def name_keys(words: Sequence[str]) -> list[str]:
    """Derive the key of a whole name, from its words; none without a word."""
    return [NAME + " ".join(words)] if words else []


def number_keys(
    phones: Iterable[ContactPoint], emails: Iterable[ContactPoint], tax_numbers: Iterable[str] = ()
) -> Iterator[str]:
    """Derive the keys of phones, e-mails with their domains, and tax numbers.

    A phone that is kept as it was typed is found by its last digits with and without its extension.
    """
    for point in phones:
        yield from phone_keys([point])
        if not point.normalized and (behind := extension(point.value)):
            yield PHONE + digits_of(point.value).removesuffix(behind)[::-1]
    for key in email_keys(emails):
        yield from (key, DOMAIN + key.removeprefix(EMAIL).rpartition("@")[2])
    yield from (TAX + number.lower() for number in tax_numbers)


def cut_keys(keys: Iterable[str]) -> list[str]:
    """List keys as the index has them, each once."""
    return sorted({key[:MAX_KEY] for key in keys})
