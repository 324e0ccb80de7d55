"""The fixed list of dictionaries, and their initial values (DICT-01).

Fields of elements name these dictionaries, so another one is a change of code. A seed that is added later reaches no
dictionary that exists already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crm_contracts.dictionaries import DictionaryValue


@dataclass(frozen=True)
class Seed:
    """A dictionary's name, the names of its initial values by code, in their order, and whether values have a rate."""

    name: str
    names: Mapping[str, str]
    has_rates: bool = False

    @property
    def values(self) -> tuple[DictionaryValue, ...]:
        """The initial values, ten apart so that others fit in between."""
        return tuple(
            DictionaryValue(code=code, name=name, default_name=name, sort=10 * place, system=True)
            for place, (code, name) in enumerate(self.names.items(), start=1)
        )


_CLIENTS: Final = {"CLIENT": "Client", "SUPPLIER": "Supplier", "PARTNER": "Partner", "OTHER": "Other"}

SEEDS: Final[Mapping[str, Seed]] = {
    "contact_type": Seed("Contact types", _CLIENTS),
    "company_type": Seed("Company types", _CLIENTS),
    "deal_type": Seed("Deal types", {"SALE": "Sale", "SERVICE": "Service"}),
    "industry": Seed(
        "Industries",
        {
            "MANUFACTURING": "Manufacturing",
            "DELIVERY": "Delivery",
            "FINANCE": "Finance",
            "IT": "Information technology",
            "SOFTWARE": "Software",
            "TELECOM": "Telecommunications",
            "BANKING": "Banking",
            "CONSULTING": "Consulting",
            "MARKETING": "Marketing",
            "EMPLOYMENT": "Employment",
            "SERVICES": "Services",
            "GOVERNMENT": "Government",
            "MEDICAL": "Medical",
            "ENTERTAINMENT": "Entertainment",
            "RETAIL": "Retail",
            "NON_PROFIT": "Non-profit",
            "OTHER": "Other",
        },
    ),
    "employees": Seed(
        "Employees",
        {
            "EMPLOYEES_1": "less than 50",
            "EMPLOYEES_2": "50 to 250",
            "EMPLOYEES_3": "250 to 500",
            "EMPLOYEES_4": "over 500",
        },
    ),
    "salutation": Seed("Salutations", {"MR": "Mr.", "MS": "Ms."}),
    "source": Seed(
        "Sources",
        {
            "CALL": "Call",
            "EMAIL": "E-mail",
            "WEB": "Website",
            "ADVERTISING": "Advertising",
            "PARTNER": "Partner",
            "RECOMMENDATION": "Recommendation",
            "TRADE_SHOW": "Trade show",
            "WEBFORM": "Web form",
            "CALLBACK": "Callback",
            "RC_GENERATOR": "Sales generator",
            "STORE": "Online store",
            "OTHER": "Other",
        },
    ),
    "measure": Seed(
        "Units of measure", {"796": "Piece", "6": "Metre", "112": "Litre", "163": "Gram", "166": "Kilogram"}
    ),
    "vat": Seed("VAT rates", {}, has_rates=True),
}
