"""Values with parts of their own in request bodies: money, an address, a file."""

from abc import abstractmethod

from crm_contracts.values import Value

from shared.kit.web.schemas import Input


class ValueIn(Input):
    """A value of a field."""

    @abstractmethod
    def value_of(self) -> Value:
        """Make the value that the rules take."""
