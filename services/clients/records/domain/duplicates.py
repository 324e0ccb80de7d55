"""Derive the keys by which a card finds records of the same client (DUP-03).

Records are not compared with one another. All criteria of a card are whole search keys in one spelling, so they are one
read of one index.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, get_args

from crm_contracts.values import ContactPoint

from services.clients.records.domain.names import company_key
from services.clients.records.domain.search_keys import COMPANY, MAX_WORDS
from services.clients.text import Card, Criterion, FurtherField
from shared.elements.domain.plain_words import spellings_of, words_of
from shared.elements.domain.search_keys import NAME, TAX, WORD, sought_keys, whole_key

BANK: Final = "b:"
FURTHER: Final = "f:"
MAX_FURTHER: Final = 7
FURTHER_FIELDS: Final[tuple[FurtherField, ...]] = get_args(FurtherField)
MAX_TEXT: Final = 200
"""Characters of a text that are looked at; more than fit into a key."""
MIN_NUMBER: Final = 4
ACCOUNT_FIELDS: Final = ("RQ_IBAN", "RQ_ACC_NUM")


def plain_number(text: str) -> str:
    """Keep letters and digits alone, in lower case."""
    return "".join(char for char in text.casefold() if char.isascii() and char.isalnum())


def account_keys(numbers: Iterable[str]) -> set[str]:
    """Derive the keys of bank accounts."""
    return {whole_key(BANK, plain_number(number)) for number in numbers if plain_number(number)}


def further_keys(values: Mapping[Any, Any]) -> set[str]:
    """Derive the keys of other fields, one value or several each; those that are no `FurtherField` have none."""
    keys = set()
    for name in FURTHER_FIELDS:
        value = values.get(name)
        for each in value if isinstance(value, (list, tuple, set)) else [value]:
            text = each.value if isinstance(each, ContactPoint) else each or ""
            if words := " ".join(words_of(str(text)[:MAX_TEXT])):
                keys.add(whole_key(f"{FURTHER}{name}:", words))
    return keys


def card_keys(card: Card, type_: Literal["contact", "company"]) -> dict[str, Criterion]:
    """List the keys to search among records of a type, and the criterion of each."""
    keys: dict[str, Criterion] = {}
    if type_ == "contact":
        keys |= dict.fromkeys(_person_keys(f"{card.first_name} {card.middle_name} {card.last_name}"), "name")
    else:
        keys |= dict.fromkeys(_title_keys(card.company_title), "company")
    keys |= dict.fromkeys(sought_keys(card.phones, ()), "phone")
    keys |= dict.fromkeys(sought_keys((), card.emails), "email")
    numbers = (plain_number(value) for value in card.requisites)
    keys |= dict.fromkeys((whole_key(TAX, number) for number in numbers if len(number) >= MIN_NUMBER), "requisite")
    keys |= dict.fromkeys(account_keys(card.bank_details), "bank_detail")
    return keys | dict.fromkeys(further_keys(card.further), "further")


def _person_keys(full_name: str) -> Iterator[str]:
    """Derive the keys of a name in each spelling, and in another order where it has several words."""
    for spelling in spellings_of(full_name):
        words = words_of(spelling)[:MAX_WORDS]
        if words:
            yield whole_key(NAME, " ".join(words))
        if len(words) > 1:
            yield whole_key(WORD, " ".join(words))


def _title_keys(title: str) -> Iterator[str]:
    """Derive the keys of a company's title in each spelling; its end identifies nothing."""
    for spelling in spellings_of(title):
        if words := words_of(spelling):
            yield whole_key(NAME, " ".join(words))
        if key := company_key(spelling):
            yield whole_key(COMPANY, key)
