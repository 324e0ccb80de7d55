"""Normalise phone numbers and e-mail addresses, so that they can be compared.

Leniency is the caller's choice: an unreadable number is kept with `normalized: null`, or is an error.
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
"""What opens a messenger, by its kind (CONT-04); a name has no `@`, digits no `+`."""


def normalized_phone(value: str, country: str) -> str | None:
    """E.164 without the extension, or None where it is no valid number; `country` is for numbers that name none."""
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalized_email(value: str) -> str | None:
    """The address in lower case, or None where it is none; no look-up is made."""
    try:
        return validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def phones(points: Sequence[ContactPoint], country: str) -> tuple[ContactPoint, ...]:
    """The same phones with `normalized` filled where they are valid."""
    return tuple(p.model_copy(update={"normalized": normalized_phone(p.value, country)}) for p in points)


def emails(points: Sequence[ContactPoint]) -> tuple[ContactPoint, ...]:
    """The same addresses with `normalized` filled where they are valid."""
    return tuple(p.model_copy(update={"normalized": normalized_email(p.value)}) for p in points)


def messengers(points: Sequence[ContactPoint]) -> tuple[ContactPoint, ...]:
    """The same messengers with `url` filled where their kind is known (CONT-04)."""
    return tuple(p.model_copy(update={"url": messenger_url(p.kind, p.value)}) for p in points)


def messenger_url(kind: str, value: str) -> str | None:
    """What opens the messenger for this number or user; None where the kind is not known, or nothing fits it."""
    template = MESSENGER_URLS.get(kind)
    digits = re.sub(r"[^0-9]", "", value).lstrip("0")
    name = quote(value.strip().removeprefix("@"), safe="")
    if template is None or not (digits if "{digits}" in template else name):
        return None
    return template.format(digits=digits, name=name)


def must_be_valid(**lists: Sequence[ContactPoint]) -> None:
    """Refuse what could not be normalised.

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
