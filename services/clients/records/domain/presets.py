"""Define the legal details of a person or an organisation in each country, and check them (REQ-01, REQ-02).

Check digits are python-stdnum's; what it does not know is checked by its shape, or not at all. A value is stored as the
country writes it without spaces and punctuation, so that it is found however it is typed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from stdnum import bic, iban
from stdnum.br import cnpj, cpf
from stdnum.de import idnr, stnr
from stdnum.de import vat as de_vat
from stdnum.exceptions import ValidationError
from stdnum.it import codicefiscale, iva
from stdnum.ru import inn, ogrn
from stdnum.us import ein, itin, ssn

from shared.elements.domain.currencies import CURRENCIES

Check = Callable[[str], str]
"""Returns the value as it is stored; raises ValueError where it is not valid."""

OwnerType = Literal["contact", "company"]


@dataclass(frozen=True)
class PresetField:
    """One detail.

    Attributes:
        code: such as `RQ_INN`.
        title: for people.
        is_tax_number: whether clients are found by it.
    """

    code: str
    title: str
    check: Check = str
    is_tax_number: bool = False


@dataclass(frozen=True)
class Preset:
    """The legal details of a type of owner in a country."""

    id: str
    country_code: str
    owner_type: OwnerType
    name: str
    fields: tuple[PresetField, ...]

    def field(self, code: str) -> PresetField | None:
        """Return the detail with this code, if any."""
        return next((field for field in self.fields if field.code == code), None)


def _shaped(pattern: str) -> Check:
    shape = re.compile(pattern)

    def check(value: str) -> str:
        bare = re.sub(r"[\s./-]", "", value).upper()
        if not shape.fullmatch(bare):
            message = f"{value!r} has another shape"
            raise ValueError(message)
        return bare

    return check


def _currency(value: str) -> str:
    if (code := value.upper()) not in CURRENCIES:
        message = f"{value!r} is no currency"
        raise ValueError(message)
    return code


def _tax(code: str, title: str, check: Check) -> PresetField:
    return PresetField(code, title, check, is_tax_number=True)


_ORGANISATION: Final = (
    PresetField("RQ_COMPANY_NAME", "Company name"),
    PresetField("RQ_COMPANY_FULL_NAME", "Full legal name"),
    PresetField("RQ_DIRECTOR", "Director"),
    PresetField("RQ_ACCOUNTANT", "Chief accountant"),
    PresetField("RQ_EMAIL", "E-mail"),
    PresetField("RQ_PHONE", "Phone"),
)
_PERSON: Final = (
    PresetField("RQ_FIRST_NAME", "First name"),
    PresetField("RQ_SECOND_NAME", "Middle name"),
    PresetField("RQ_LAST_NAME", "Last name"),
    PresetField("RQ_IDENT_DOC", "Identity document"),
)
_INN_LENGTHS: Final = {"contact": 12, "company": 10}


def _inn(owner: OwnerType) -> Check:
    def check(value: str) -> str:
        number = inn.validate(value)
        if len(number) != _INN_LENGTHS[owner]:
            message = f"{_INN_LENGTHS[owner]} digits are needed"
            raise ValueError(message)
        return number

    return check


_NATIONAL: Final[Mapping[tuple[str, OwnerType], tuple[PresetField, ...]]] = {
    ("BR", "company"): (_tax("RQ_CNPJ", "CNPJ", cnpj.validate), PresetField("RQ_IE", "State registration")),
    ("BR", "contact"): (_tax("RQ_CPF", "CPF", cpf.validate),),
    ("DE", "company"): (
        _tax("RQ_VAT_ID", "VAT id", lambda value: "DE" + de_vat.validate(value)),
        _tax("RQ_TAX_NUMBER", "Tax number", stnr.validate),
        PresetField("RQ_REGISTER", "Commercial register"),
    ),
    ("DE", "contact"): (_tax("RQ_IDNR", "Tax id", idnr.validate),),
    ("IT", "company"): (
        _tax("RQ_VAT_ID", "Partita IVA", lambda value: "IT" + iva.validate(value)),
        _tax("RQ_CODICE_FISCALE", "Codice fiscale", codicefiscale.validate),
    ),
    ("IT", "contact"): (_tax("RQ_CODICE_FISCALE", "Codice fiscale", codicefiscale.validate),),
    ("RU", "company"): (
        _tax("RQ_INN", "INN", _inn("company")),
        PresetField("RQ_KPP", "KPP", _shaped(r"\d{4}[0-9A-Z]{2}\d{3}")),
        _tax("RQ_OGRN", "OGRN", ogrn.validate),
    ),
    ("RU", "contact"): (_tax("RQ_INN", "INN", _inn("contact")), _tax("RQ_OGRNIP", "OGRNIP", ogrn.validate)),
    ("US", "company"): (_tax("RQ_EIN", "EIN", ein.validate),),
    ("US", "contact"): (_tax("RQ_SSN", "SSN", ssn.validate), _tax("RQ_ITIN", "ITIN", itin.validate)),
}
_NAMES: Final = {"company": "Company", "contact": "Person"}
_COMMON: Final = {"company": _ORGANISATION, "contact": _PERSON}

PRESETS: Final[Mapping[str, Preset]] = {
    f"{owner}-{country.lower()}": Preset(
        f"{owner}-{country.lower()}", country, owner, f"{_NAMES[owner]} ({country})", (*national, *_COMMON[owner])
    )
    for (country, owner), national in _NATIONAL.items()
}
"""By id, such as `company-de`."""


def default_preset(owner_type: OwnerType, country: str) -> str | None:
    """Return the preset of requisites that name none: that of a person or of an organisation there, if any (REQ-01)."""
    preset = f"{owner_type}-{country.lower()}"
    return preset if preset in PRESETS else None


BANK_FIELDS: Final[Mapping[str, PresetField]] = {
    field.code: field
    for field in (
        PresetField("RQ_BANK_NAME", "Bank"),
        PresetField("RQ_BANK_ADDR", "Address of the bank"),
        PresetField("RQ_ACC_NAME", "Account holder"),
        PresetField("RQ_ACC_NUM", "Account number"),
        PresetField("RQ_ACC_CURRENCY", "Currency of the account", _currency),
        PresetField("RQ_COR_ACC_NUM", "Correspondent account"),
        PresetField("RQ_IBAN", "IBAN", iban.validate),
        PresetField("RQ_SWIFT", "SWIFT code", bic.validate),
        PresetField("RQ_BIC", "BIC", bic.validate),
        PresetField("RQ_BIK", "BIK", _shaped(r"\d{9}")),
    )
}


def checked(field: PresetField, value: str) -> str | None:
    """Return the value as it is stored; None where it is not valid."""
    try:
        return field.check(value.strip())
    except (ValidationError, ValueError):
        return None
