"""The rules of a mapping for amounts, contact points and product rows."""

from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Part(BaseModel):
    """A table of the TOML file; a key that it does not have is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MoneyRule(Part):
    """An amount in a column; `factor` where the column counts thousands or millions.

    Its currency is the same for all rows, or stands in a column of its own.
    """

    column: str
    currency: str | None = None
    currency_column: str | None = None
    factor: Decimal = Decimal(1)

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        if (self.currency is None) == (self.currency_column is None):
            message = "give either `currency` or `currency_column`"
            raise ValueError(message)
        return self

    @property
    def columns(self) -> list[str]:
        """All columns it reads."""
        return [column for column in (self.column, self.currency_column) if column]


class PointRule(Part):
    """A column of phones, e-mails, websites or messengers; a cell may hold several, each in a line of its own.

    Attributes:
        kind: such as MOBILE; without one the service's own default.
        kind_column: column of a label such as `Work Fax`, of which the kind is made where it is filled.
        separator: what stands between several, where that is not a new line.
        kinded: one that begins with a kind, as in `MOBILE: 0171 2345678`, is of that kind; the others are of `kind`.
    """

    column: str
    kind: str | None = None
    kind_column: str | None = None
    separator: str = Field(default="\n", min_length=1)
    kinded: bool = False

    @property
    def columns(self) -> list[str]:
        """All columns it reads."""
        return [column for column in (self.column, self.kind_column) if column]


class RowRule(Part):
    """One product row of each lead: the product's external id, and where the final price differs from the list price.

    `price_when` names the values of other columns, as the file has them, with which `price` counts.
    """

    product: str
    price: str | None = None
    price_when: dict[str, list[str]] = {}
    quantity: str | None = None

    @property
    def columns(self) -> list[str]:
        """All columns it reads."""
        return [column for column in (self.product, self.price, self.quantity, *self.price_when) if column]
