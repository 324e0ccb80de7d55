"""URLs that open messengers (CONT-04)."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from crm_contracts.values import ContactPoint

from shared.elements.domain.contact_points import normalized_phone

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
