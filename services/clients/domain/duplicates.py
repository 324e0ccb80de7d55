"""By what two records might be the same client, as a card looks for it while it is filled in (DUP-03).

The surprise: nothing is compared. Whatever may be the same stands among a client's search keys, whole and in one
spelling, so that all criteria of a card are one look into one index. Leads are known by events alone, so of them names,
phones and e-mails are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from crm_contracts.values import ContactPoint

from services.clients.domain.search import EMAIL, MAX_WORDS, NAME, PHONE, TAX, WORD, whole_key, words_of

BANK: Final = "b:"
FURTHER: Final = "f:"
MAX_FURTHER: Final = 7
MIN_NUMBER: Final = 4
ACCOUNT_FIELDS: Final = ("RQ_IBAN", "RQ_ACC_NUM")

Criterion = Literal["name", "company", "phone", "email", "requisite", "bank_detail", "further"]
FurtherField = Literal["birth_date", "websites", "messengers"]
"""What a card may look for besides."""


def plain_number(text: str) -> str:
    """Letters and digits alone, in lower case."""
    return "".join(char for char in text.casefold() if char.isascii() and char.isalnum())


def account_keys(numbers: Iterable[str]) -> set[str]:
    """Of bank accounts."""
    return {whole_key(BANK, plain_number(number)) for number in numbers if plain_number(number)}


def further_keys(values: Mapping[FurtherField, Any]) -> set[str]:
    """Of other fields, one value or several each."""
    keys = set()
    for name, value in values.items():
        for each in value if isinstance(value, (list, tuple, set)) else [value]:
            said = each.value if isinstance(each, ContactPoint) else each
            if text := " ".join(words_of(str(said))):
                keys.add(whole_key(f"{FURTHER}{name}:", text))
    return keys


@dataclass(frozen=True)
class Card:
    """What is known of a client who may be there already; phones and e-mails are normalised."""

    first_name: str = ""
    middle_name: str = ""
    last_name: str = ""
    company_title: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    requisites: tuple[str, ...] = ()
    bank_details: tuple[str, ...] = ()
    further: Mapping[FurtherField, str] = field(default_factory=dict)

    @property
    def full_name(self) -> list[str]:
        """Its words."""
        return words_of(f"{self.first_name} {self.middle_name} {self.last_name}")[:MAX_WORDS]

    def keys(self, type_: Literal["contact", "company"]) -> dict[str, Criterion]:
        """What to look for among records of a type, and what each key means."""
        words = self.full_name if type_ == "contact" else words_of(self.company_title)
        name = " ".join(words)
        named: Criterion = "name" if type_ == "contact" else "company"
        keys: dict[str, Criterion] = {}
        if name:
            keys |= dict.fromkeys([whole_key(NAME, name)], named)
            # A person may be written the other way round; of an organisation the end of its name says nothing.
            keys |= dict.fromkeys([whole_key(WORD, name)] if type_ == "contact" and len(words) > 1 else [], named)
        keys |= dict.fromkeys((whole_key(PHONE, phone.lstrip("+")[::-1]) for phone in self.phones), "phone")
        keys |= dict.fromkeys((whole_key(EMAIL, email) for email in self.emails), "email")
        numbers = (plain_number(value) for value in self.requisites)
        keys |= dict.fromkeys((whole_key(TAX, number) for number in numbers if len(number) >= MIN_NUMBER), "requisite")
        keys |= dict.fromkeys(account_keys(self.bank_details), "bank_detail")
        return keys | dict.fromkeys(further_keys(self.further), "further")
