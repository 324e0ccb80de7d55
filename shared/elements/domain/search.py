"""Translate what a user types into ranges of the search index (CLI-03, CLI-04, DEAL-01)."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from shared.elements.domain.fields import CatalogueField
from shared.elements.domain.filters.nodes import Condition
from shared.elements.domain.plain_words import spellings_of, words_of
from shared.elements.domain.search_keys import DOMAIN, EMAIL, MAX_KEY, NAME, PHONE, TAX, WORD, digits_of

MIN_QUERY: Final = 2
MAX_QUERY: Final = 100
MIN_DIGITS: Final = 4
MAX_SIFTED: Final = 3
"""Words of a query, the longest ones, whose names are looked through for the others."""
SEARCH: Final = CatalogueField.unlisted("search", "string", "begins", is_list=True)
"""Where a document has its search keys; no catalogue has it, so no caller names it."""


@dataclass(frozen=True)
class KeyRange:
    """A range of the index: keys that begin with `prefix`, of clients whose name also has all these words.

    `word` is the one of them that the range is of, where it is one alone.
    """

    prefix: str
    words: tuple[str, ...] = ()
    word: str | None = None


@dataclass(frozen=True)
class Query:
    """A search as it was typed.

    Attributes:
        phone: E.164, where it is a whole number in any notation.
        email: normalised, where it is a whole address.
        ranges: where to search after those, the best first.
    """

    phone: str | None
    email: str | None
    ranges: tuple[KeyRange, ...]

    @property
    def sifted(self) -> Collection[frozenset[str]]:
        """Words that have ranges of their own, of each spelling of the query."""
        found: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for keys in self.ranges:
            if keys.word is not None:
                found[keys.words].add(keys.word)
        return [frozenset(words) for words in found.values()]

    @classmethod
    def of(cls, text: str, *, phone: str | None = None, email: str | None = None) -> "Query":
        """Build a query from the text, and from what it is as a phone and as an e-mail."""
        typed = text.strip().lower()
        names = [keys for spelling in spellings_of(typed) for keys in _by_name(words_of(spelling))]
        ranges = dict.fromkeys([*names, *_by_address(typed), *_by_phone(typed), *_by_tax_number(typed)])
        return cls(phone, email, tuple(ranges))


def words_sought(text: str) -> list[Condition]:
    """Make the conditions of a list that is narrowed by a search: each word typed begins some key.

    A number with spaces is one word. Where nothing is left to search by, nothing is found.
    """
    typed = text.strip().lower()
    words = typed.split() if any(char.isalpha() for char in typed) else [typed]
    conditions = [Condition(SEARCH, "begins", begun) for word in dict.fromkeys(words) if (begun := _begun(word))]
    return conditions or [Condition(SEARCH, "begins", ())]


def _begun(word: str) -> tuple[str, ...]:
    """List how the keys begin that one word typed stands for; punctuation alone stands for none."""
    if not words_of(word):
        return ()
    return tuple(dict.fromkeys(keys.prefix[:MAX_KEY] for keys in Query.of(word).ranges if not keys.words))


def _by_name(words: Sequence[str]) -> Iterator[KeyRange]:
    if not words:
        return
    yield KeyRange(NAME + " ".join(words))
    yield KeyRange(WORD + " ".join(words))
    if len(words) > 1:
        # In another order; the last word typed may be incomplete, so it comes last, or nothing comes after it.
        yield KeyRange(WORD + f"{words[-1]} {words[0]}", tuple(words))
        yield KeyRange(WORD + f"{words[-2]} {words[-1]}", tuple(words))
        # Of several words that may all be incomplete, one is in few names, and it need not be the longest.
        longest = sorted(dict.fromkeys(words), key=len, reverse=True)[:MAX_SIFTED]
        yield from (KeyRange(NAME + word, tuple(words), word) for word in longest)
        yield from (KeyRange(WORD + word, tuple(words), word) for word in longest)


def _by_address(typed: str) -> Iterator[KeyRange]:
    if " " in typed:
        return
    local, at, domain = normalize("NFC", typed).partition("@")
    domain = _in_letters(domain)
    if local:
        yield KeyRange(EMAIL + local + at + domain)
    if not at or (domain and not local):
        yield KeyRange(DOMAIN + (domain if at else _in_letters(local)))


def _in_letters(domain: str) -> str:
    """Return a domain in the letters that it is written with in ASCII (`xn--`), as keys have it."""
    if "xn--" not in domain:
        return domain
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:  # it is not typed to its end
        return domain


def _by_phone(typed: str) -> Iterator[KeyRange]:
    if any(char.isalpha() for char in typed):
        return
    digits = digits_of(typed)
    # A leading zero may be a trunk prefix, which is not part of the number.
    for tail in (digits, digits.lstrip("0")):
        if len(tail) >= MIN_DIGITS:
            yield KeyRange(PHONE + tail[::-1])


def _by_tax_number(typed: str) -> Iterator[KeyRange]:
    bare = "".join(char for char in typed if char.isascii() and char.isalnum())
    if len(digits_of(bare)) >= MIN_DIGITS:
        yield KeyRange(TAX + bare)
