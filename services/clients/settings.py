"""Settings of the clients service: those that all services have, and when a record is the client of a lead."""

from pydantic import Field

from services.clients.conversion.domain.same_client import OnOtherName, SameClient
from services.clients.conversion.domain.sought import SHARED_MAILBOXES
from shared.kit.settings import ServiceSettings


class ClientsSettings(ServiceSettings):
    """Settings of the process."""

    on_other_name: OnOtherName = Field(
        default="refuse",
        description="what `on_duplicate: link` does with the phone or e-mail of a lead under another name: refuse the "
        "conversion and name the candidates, create a second client, or link it all the same",
    )
    shared_mailboxes: frozenset[str] = Field(
        default=SHARED_MAILBOXES, description="what addresses of many people begin with, such as info; letters alone"
    )

    @property
    def same_client(self) -> SameClient:
        """The rule of conversions (LEAD-12)."""
        return SameClient(self.on_other_name, self.shared_mailboxes)
