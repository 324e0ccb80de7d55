"""How the deal of a client that is known already is marked (DEAL-17). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientHistory:
    """What the company and contacts of a new deal had before it.

    Attributes:
        has_any: a deal or a lead, whatever became of it.
        has_won_deal: a deal on a stage of success.
        has_won_lead: a lead on the stage of success: converted.
    """

    has_any: bool = False
    has_won_deal: bool = False
    has_won_lead: bool = False

    @property
    def markers(self) -> Mapping[str, bool]:
        """The fields that mark the deal, by their names."""
        return {
            "is_return_customer": self.has_won_deal,
            "is_repeated_approach": self.has_any and not (self.has_won_deal or self.has_won_lead),
        }
