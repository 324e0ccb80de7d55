"""The currencies that exist (ISO 4217, CURR-01), with the decimal places of their amounts."""

from collections.abc import Mapping
from typing import Final

import iso4217

CURRENCIES: Final[Mapping[str, int]] = {
    currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None
}
"""By code. Precious metals, test codes and units of account have no decimal places, and nothing is priced in them."""
