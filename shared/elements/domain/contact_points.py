"""Decide about phones and e-mail addresses: what was typed is kept, and compared in a normal form where that is sure.

What is not sure stays without a normal form, because a wrong one is the number of a stranger: letters are never digits,
and a number without `+` that may be of two countries is of neither. It is compared as it was typed then.
"""

import re
from collections.abc import Callable, Container, Hashable, Sequence
from typing import Final, Literal, TypeAlias
from unicodedata import category, normalize

import phonenumbers
from crm_contracts.values import ContactPoint
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from shared.kit.domain import Invalid, wrong_field

PointList: TypeAlias = Literal["phones", "emails"]

COUNTRIES: Final = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""Countries whose national numbers are known, by two capital letters."""
_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_SHORTEST_INTERNATIONAL: Final = 11
"""Digits of a mobile number with the code of its country, at least."""
_LABEL: Final = re.compile(r"^[^\W\d]{2,15}\.?:\s*")
_EXTENSION: Final = re.compile(
    r"[\s,;(]*(?:;\s*ext=|,,|#|(?<![^\W\d])"
    r"(?:ext(?:ension|n)?|x|durchwahl|dw|app(?:arat)?|poste|ramal|anexo|int(?:erno)?|доб)[.:\s]*)\s*(\d{1,7})[\s)]*$",
    re.IGNORECASE,
)
_COMMENT: Final = re.compile(r"[(\[][^()\[\]]*[^\W\d][^()\[\]]*[)\]]")
_NAMED_ADDRESS: Final = re.compile(r"<([^<>]*)>\s*$")


def normalized_phone(value: str, country: str) -> str | None:
    """Convert to E.164 without the extension, or to None where it is not sure; `country` is for national numbers."""
    number = _number(value)
    return None if number is None else _e164(number[0], country)


def extension(value: str) -> str | None:
    """Return the extension of a phone, which its normalised number has not; None where it has none."""
    number = _number(value)
    return None if number is None else number[1]


def normalized_email(value: str) -> str | None:
    """Convert an address to lower case, or to None where it is not valid; no look-up is made."""
    try:
        return validate_email(_bare_address(value), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def folded(value: str) -> str:
    """Fold a text for comparison: without hidden characters, whatever its case and spaces."""
    return _visible(value).casefold()


def identity(point: ContactPoint) -> Hashable:
    """Identify a phone or an address: in any spelling where it is normalised, with its extension; else as typed."""
    return (point.normalized, extension(point.value)) if point.normalized else folded(point.value)


def sought_by(point: ContactPoint) -> str:
    """Return what a phone or an address is found by, where the extension of a phone counts for nothing (CLI-03)."""
    return point.normalized or folded(point.value)


def phones(points: Sequence[ContactPoint], country: str) -> tuple[ContactPoint, ...]:
    """Fill `normalized` and `extension` of those phones that are sure, and leave out further spellings of one."""
    return distinct([_phone(point, country) for point in points])


def emails(points: Sequence[ContactPoint]) -> tuple[ContactPoint, ...]:
    """Fill `normalized` of those addresses that are valid, and leave out further spellings of the same one."""
    return distinct([p.model_copy(update={"normalized": normalized_email(p.value)}) for p in points])


def distinct(points: Sequence[ContactPoint]) -> tuple[ContactPoint, ...]:
    """Leave out phones or addresses that an entry before them is already."""
    if len(points) <= 1:
        return tuple(points)
    first: dict[Hashable, ContactPoint] = {}
    for point in points:
        first.setdefault(identity(point), point)
    return tuple(first.values())


def check_points(
    name: PointList, values: Sequence[str], country: str, *, strict: bool, kept: Container[str] = ()
) -> list[dict[str, str]]:
    """List what is no phone or no address at all, such as `phones.1.value`; `strict`, also what has no normal form.

    `kept` are the folded values that the record has already: they may be given again.
    """
    is_good: Callable[[str], object] = _has_digit if name == "phones" else _has_domain
    if strict:
        is_good = normalized_email if name == "emails" else lambda value: normalized_phone(value, country)
    message = f"not a valid {name.removesuffix('s')}"
    return [
        wrong_field(f"{name}.{place}.value", "not_valid", message)
        for place, value in enumerate(values)
        if not is_good(value) and folded(value) not in kept
    ]


def refuse_points(errors: list[dict[str, str]]) -> None:
    """Refuse the contact data that errors name, if any.

    Raises:
        Invalid: naming every wrong entry.
    """
    if errors:
        message = "Some contact data is not valid."
        raise Invalid(message, {"errors": errors})


def _visible(value: str) -> str:
    """Take away what cannot be seen: zero-width and directional characters; all blanks are one space."""
    if value.isascii() and value.isprintable():  # nothing of it is hidden, or written in another way
        return " ".join(value.split())
    seen = (
        "" if category(char) == "Cf" else " " if category(char) in {"Cc", "Zs", "Zl", "Zp"} else char for char in value
    )
    return " ".join(normalize("NFKC", "".join(seen)).split())


def _phone(point: ContactPoint, country: str) -> ContactPoint:
    normalized = normalized_phone(point.value, country)
    return point.model_copy(
        update={"normalized": normalized, "extension": extension(point.value) if normalized else None}
    )


def _has_digit(value: str) -> bool:
    return any(char.isdigit() for char in _visible(value))


def _has_domain(value: str) -> bool:
    local, at, domain = _bare_address(value).rpartition("@")
    return bool(local and at and domain) and " " not in local + domain


def _bare_address(value: str) -> str:
    """Unwrap `mailto:ada@acme.example`, `<ada@acme.example>` and `"Ada" <ada@acme.example>`."""
    text = _visible(value)
    if named := _NAMED_ADDRESS.search(text):
        text = named[1].strip()
    if text.lower().startswith("mailto:"):
        text = text[len("mailto:") :].partition("?")[0]
    return text.strip(" '\"").rstrip(",;")


def _number(value: str) -> tuple[str, str | None] | None:
    """Split into a number without letters and its extension; None where it is not sure what the number is."""
    if not value.isascii() and any(category(char) == "No" for char in value):  # a footnote, or a fraction
        return None
    text = _LABEL.sub("", _visible(value))
    found = _EXTENSION.search(text)
    text = _COMMENT.sub(" ", text[: found.start()] if found else text)
    parts = [" "]
    for word in text.split():
        if not any(char.isalpha() for char in word):
            parts[-1] += f" {word}"
        elif any(char.isdigit() for char in word):
            return None  # digits and letters in one word: the letters may stand for digits
        else:
            parts.append(" ")
    numbers = [part.strip() for part in parts if any(char.isdigit() for char in part)]
    return (numbers[0], found[1] if found else None) if len(numbers) == 1 else None


def _e164(number: str, country: str) -> str | None:
    """Choose between the number of the country and that of another one whose code stands there without `+`."""
    national = _valid(number, country)
    digits = "".join(char for char in number if char.isdigit())
    if "+" in number or (digits.startswith("0") and (national or not digits.startswith("00"))):
        return None if national is None else _written(national)
    foreign = _valid(f"+{digits.lstrip('0')}", country)
    if national and (national == foreign or not _lacks_trunk_zero(national, digits)):
        return _written(national)
    is_mobile = national is not None and phonenumbers.number_type(national) in _MOBILE
    if foreign and (national is None or _is_surely_foreign(foreign, digits, is_mobile=is_mobile)):
        return _written(foreign)
    return _written(national) if national and is_mobile and not foreign else None


def _lacks_trunk_zero(national: PhoneNumber, digits: str) -> bool:
    """Whether a number of its country is written with a zero that was not typed: it may be one without area code."""
    written = phonenumbers.format_number(national, PhoneNumberFormat.NATIONAL)
    return written.lstrip("(").startswith("0") and not digits.startswith("0")


def _is_surely_foreign(foreign: PhoneNumber, digits: str, *, is_mobile: bool) -> bool:
    """Whether the code of a country makes a mobile number of what is none without it."""
    return (
        not is_mobile
        and len(digits) >= _SHORTEST_INTERNATIONAL
        and phonenumbers.number_type(foreign) == PhoneNumberType.MOBILE
    )


def _valid(number: str, country: str) -> PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) and not parsed.extension else None


def _written(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
