"""Phone numbers and e-mail addresses, made comparable.

Leniency is the caller's choice: `phones` and `emails` keep an invalid value with `normalized: null`, `must_be_valid`
refuses it.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import phonenumbers
from crm_contracts.values import ContactPoint
from email_validator import EmailNotValidError, validate_email

from shared.kit.domain import Invalid, wrong_field

USER_URLS: Final = {
    "TELEGRAM": "https://t.me/{}",
    "SKYPE": "skype:{}?chat",
    "VK": "https://vk.com/{}",
    "FACEBOOK": "https://m.me/{}",
    "INSTAGRAM": "https://ig.me/m/{}",
}
"""URLs of users of messengers by kind (CONT-04); a name has no `@`."""
NUMBER_URLS: Final = {
    "WHATSAPP": "https://wa.me/{}",
    "VIBER": "viber://chat?number=%2B{}",
    "TELEGRAM": "https://t.me/+{}",
    "SKYPE": "skype:%2B{}?chat",
}
"""URLs of numbers of messengers by kind (CONT-04): digits with the prefix of a country and without `+`."""


def normalized_phone(value: str, country: str) -> str | None:
    """Convert to E.164 without the extension, or to None where it is not valid; `country` is for national numbers."""
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def extension(point: ContactPoint) -> str | None:
    """Return the extension of a phone, which its normalised number has not; None where it has none."""
    if point.normalized is None or not point.normalized.startswith("+"):
        return None
    country = phonenumbers.region_code_for_number(phonenumbers.parse(point.normalized))
    try:
        return phonenumbers.parse(point.value, country).extension or None
    except phonenumbers.NumberParseException:
        return None


def normalized_email(value: str) -> str | None:
    """Convert an address to lower case, or to None where it is not valid; no look-up is made."""
    try:
        return validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def phones(points: Sequence[ContactPoint], country: str) -> tuple[ContactPoint, ...]:
    """Fill `normalized` of those phones that are valid."""
    return tuple(p.model_copy(update={"normalized": normalized_phone(p.value, country)}) for p in points)


def emails(points: Sequence[ContactPoint]) -> tuple[ContactPoint, ...]:
    """Fill `normalized` of those addresses that are valid."""
    return tuple(p.model_copy(update={"normalized": normalized_email(p.value)}) for p in points)


def messengers(points: Sequence[ContactPoint], country: str) -> tuple[ContactPoint, ...]:
    """Fill `url` of those messengers whose kind is known (CONT-04)."""
    return tuple(p.model_copy(update={"url": messenger_url(p.kind, p.value, country)}) for p in points)


def messenger_url(kind: str, value: str, country: str) -> str | None:
    """Make the URL of a number or a user of a messenger; `country` is for national numbers.

    None where the kind has no URLs, or where the value is no valid number or no name: a wrong URL opens a chat with a
    stranger.
    """
    is_number = not any(char.isalpha() for char in value)
    if is_number and kind in NUMBER_URLS:
        number = normalized_phone(value, country)
        return None if number is None else NUMBER_URLS[kind].format(number.removeprefix("+"))
    name = quote(value.strip().removeprefix("@"), safe="")
    return USER_URLS[kind].format(name) if name and kind in USER_URLS else None


def must_be_valid(**lists: Sequence[ContactPoint]) -> None:
    """Refuse values that could not be normalised.

    Raises:
        Invalid: naming every wrong entry, such as `phones.1.value`.
    """
    errors = [
        wrong_field(f"{name}.{index}.value", "not_valid", f"not a valid {name.removesuffix('s')}")
        for name, points in lists.items()
        for index, point in enumerate(points)
        if point.normalized is None
    ]
    if errors:
        message = "Some contact data is not valid."
        raise Invalid(message, {"errors": errors})
