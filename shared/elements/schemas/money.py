"""Money in request bodies."""

from crm_contracts.values import Money

from shared.elements.schemas.scalars import Amount, Currency
from shared.elements.schemas.values import ValueIn


class MoneyIn(ValueIn):
    """An amount of money."""

    value: Amount
    currency: Currency

    def value_of(self) -> Money:
        """Make the value that the rules take."""
        return Money(value=self.value, currency=self.currency)
