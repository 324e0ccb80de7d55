"""Money in request bodies."""

from crm_contracts.values import Money

from shared.elements.schemas.scalars import Amount, Currency
from shared.kit.web.schemas import Input


class MoneyIn(Input):
    """An amount of money."""

    value: Amount
    currency: Currency

    def value_of(self) -> Money:
        """Make the value that the rules take."""
        return Money(value=self.value, currency=self.currency)
