"""Phone numbers and e-mail addresses, made comparable.

Leniency is the caller's choice: `phones` and `emails` keep an invalid value with `normalized: null`, `must_be_valid`
refuses it.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import phonenumbers
from crm_contracts.values import ContactPoint
from email_validator import EmailNotValidError, validate_email

from shared.kit.domain import Invalid

MESSENGER_URLS: Final = {
    "TELEGRAM": "https://t.me/{name}",
    "WHATSAPP": "https://wa.me/{digits}",
    "VIBER": "viber://chat?number=%2B{digits}",
    "SKYPE": "skype:{name}?chat",
    "VK": "https://vk.com/{name}",
    "FACEBOOK": "https://m.me/{name}",
    "INSTAGRAM": "https://ig.me/m/{name}",
}
"""URLs of messengers by kind (CONT-04); a name has no `@`, digits no `+`."""


def normalized_phone(value: str, country: str) -> str | None:
    """Convert to E.164 without the extension, or to None where it is not valid; `country` is for national numbers."""
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


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


def messengers(points: Sequence[ContactPoint]) -> tuple[ContactPoint, ...]:
    """Fill `url` of those messengers whose kind is known (CONT-04)."""
    return tuple(p.model_copy(update={"url": messenger_url(p.kind, p.value)}) for p in points)


def messenger_url(kind: str, value: str) -> str | None:
    """Make the URL of a number or user of a messenger; None where the kind is not known or does not fit."""
    template = MESSENGER_URLS.get(kind)
    digits = re.sub(r"[^0-9]", "", value).lstrip("0")
    name = quote(value.strip().removeprefix("@"), safe="")
    if template is None or not (digits if "{digits}" in template else name):
        return None
    return template.format(digits=digits, name=name)


def must_be_valid(**lists: Sequence[ContactPoint]) -> None:
    """Refuse values that could not be normalised.

    Raises:
        Invalid: naming every wrong entry, such as `phones.1.value`.
    """
    errors = [
        {"field": f"{name}.{index}.value", "code": "not_valid", "message": f"not a valid {name.removesuffix('s')}"}
        for name, points in lists.items()
        for index, point in enumerate(points)
        if point.normalized is None
    ]
    if errors:
        message = "Some contact data is not valid."
        raise Invalid(message, {"errors": errors})
