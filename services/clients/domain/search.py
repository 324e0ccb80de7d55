"""What a client is found by as somebody types, and what is meant by what they type (CLI-03, CLI-04).

A client carries *keys*: short texts that begin with a letter for their kind. Whatever is typed is a prefix of a key, so
every search is a look at a few short stretches of one index, however many clients there are. The surprise: keys are
plain ASCII, `Щербакова` and `Müller` included, because what is typed goes the same way; and a phone stands there
backwards, because people know its end.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

from anyascii import anyascii
from crm_contracts.values import ContactPoint

MIN_QUERY: Final = 2
MAX_QUERY: Final = 100
MAX_WORDS: Final = 5
"""Of a name; so many words stand in a key in any order."""
MAX_KEY: Final = 60
MIN_DIGITS: Final = 4

NAME: Final = "n:"
"""The whole name or title: what begins with what was typed is found first."""
WORD: Final = "w:"
"""A name from any of its words on."""
EMAIL: Final = "e:"
DOMAIN: Final = "d:"
PHONE: Final = "p:"
"""StrictDecimal, the last one first."""
TAX: Final = "t:"
"""Tax number, without spaces and punctuation (REQ-02)."""

_NOT_A_WORD: Final = re.compile(r"[^0-9a-z]+")
_JOINS: Final = str.maketrans("", "", "'`\u00b4\u2018\u2019\u02bc")


def words_of(text: str) -> list[str]:
    """Words in plain lower-case ASCII: case, accents and scripts make no difference, apostrophes join."""
    joined = unicodedata.normalize("NFKD", text.translate(_JOINS).casefold())
    bare = "".join(char for char in joined if not unicodedata.combining(char))
    return _NOT_A_WORD.sub(" ", anyascii(bare).lower().translate(_JOINS)).split()


def contact_keys(
    name: str, phones: Iterable[ContactPoint], emails: Iterable[ContactPoint], tax_numbers: Iterable[str] = ()
) -> list[str]:
    """Of a person: the name from any of its words on and round again, and any two of its words."""
    words = words_of(name)[:MAX_WORDS]
    rounds = {" ".join((*words[place:], *words[:place])) for place in range(len(words))}
    pairs = {" ".join(pair) for pair in permutations(words, 2)}
    others = rounds | {pair for pair in pairs if not any(each.startswith(pair) for each in rounds)}
    return _cut({*_name(words), *(WORD + other for other in others), *_numbers(phones, emails, tax_numbers)})


def company_keys(
    titles: Sequence[str],
    phones: Iterable[ContactPoint],
    emails: Iterable[ContactPoint],
    tax_numbers: Iterable[str] = (),
) -> list[str]:
    """Of an organisation with its title and legal names: each from any of its words on."""
    every = [words_of(title) for title in titles]
    tails = (" ".join(words[place:]) for words in every for place in range(1, len(words)))
    names = (name for words in every for name in _name(words))
    return _cut({*names, *(WORD + tail for tail in tails), *_numbers(phones, emails, tax_numbers)})


def _name(words: Sequence[str]) -> list[str]:
    return [NAME + " ".join(words)] if words else []


def _numbers(
    phones: Iterable[ContactPoint], emails: Iterable[ContactPoint], tax_numbers: Iterable[str]
) -> Iterator[str]:
    for point in phones:
        if digits := _digits(point.normalized or point.value):
            yield PHONE + digits[::-1]
    for point in emails:
        address = point.normalized or point.value.lower()
        yield from (EMAIL + address, DOMAIN + address.rpartition("@")[2])
    yield from (TAX + number.lower() for number in tax_numbers)


def whole_key(kind: str, text: str) -> str:
    """The key of a whole text, as it stands in the index."""
    return (kind + text)[:MAX_KEY]


def _cut(keys: Iterable[str]) -> list[str]:
    return sorted({key[:MAX_KEY] for key in keys})


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isascii() and char.isdigit())


@dataclass(frozen=True)
class Stretch:
    """A part of the index: keys that begin with `prefix`, of clients whose name has all these words, too."""

    prefix: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """What somebody typed.

    Attributes:
        phone: E.164, where it is a whole number in any notation.
        email: normalised, where it is a whole address.
        stretches: where to look after those, the best first.
    """

    phone: str | None
    email: str | None
    stretches: tuple[Stretch, ...]

    @classmethod
    def of(cls, text: str, *, phone: str | None = None, email: str | None = None) -> "Query":
        """From the text, and from what it is as a phone and as an e-mail."""
        typed = text.strip().lower()
        stretches = dict.fromkeys(
            [*_by_name(words_of(typed)), *_by_address(typed), *_by_phone(typed), *_by_tax_number(typed)]
        )
        return cls(phone, email, tuple(stretches))


def _by_name(words: Sequence[str]) -> Iterator[Stretch]:
    if not words:
        return
    yield Stretch(NAME + " ".join(words))
    yield Stretch(WORD + " ".join(words))
    if len(words) > 1:
        # In another order; the last one typed may be half a word, so it comes last, or nothing comes after it.
        yield Stretch(WORD + f"{words[-1]} {words[0]}", tuple(words))
        yield Stretch(WORD + f"{words[-2]} {words[-1]}", tuple(words))
        longest = max(words, key=len)
        yield Stretch(NAME + longest, tuple(words))
        yield Stretch(WORD + longest, tuple(words))


def _by_address(typed: str) -> Iterator[Stretch]:
    if " " in typed or not typed.isascii():
        return
    local, at, domain = typed.partition("@")
    if local:
        yield Stretch(EMAIL + typed)
    if not at or (domain and not local):
        yield Stretch(DOMAIN + (domain if at else typed))


def _by_phone(typed: str) -> Iterator[Stretch]:
    if any(char.isalpha() for char in typed):
        return
    digits = _digits(typed)
    # A zero at the front may be a trunk prefix, which is not part of the number.
    for tail in (digits, digits.lstrip("0")):
        if len(tail) >= MIN_DIGITS:
            yield Stretch(PHONE + tail[::-1])


def _by_tax_number(typed: str) -> Iterator[Stretch]:
    bare = "".join(char for char in typed if char.isascii() and char.isalnum())
    if len(_digits(bare)) >= MIN_DIGITS:
        yield Stretch(TAX + bare)


def has_words(keys: Iterable[str], words: Sequence[str]) -> bool:
    """Whether each of the words begins one of the name's."""
    named = {word for key in keys if key.startswith((NAME, WORD)) for word in key[len(NAME) :].split()}
    return all(any(own.startswith(word) for own in named) for word in words)
