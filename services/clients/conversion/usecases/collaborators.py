"""The collaborators of a conversion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.clients.conversion.domain.claim import Claim
from services.clients.conversion.domain.resolution import Resolution
from services.clients.conversion.domain.same_client import SameClient
from services.clients.records.domain.client import Defaults
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.usecases.clients import FieldCodes
from shared.elements.domain.filters.nodes import Node
from shared.elements.domain.rights.compiled import Rights
from shared.kit.messaging.answers import Answers
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository


class DuplicateSearch(Protocol):
    """Finds duplicates, the place of a further contact, and the contacts of a company."""

    async def candidates(
        self, phones: Sequence[str], emails: Sequence[str], keys: Sequence[str], company_keys: Sequence[str]
    ) -> tuple[list[Contact], list[Company]]:
        """Find contacts and companies with one of these phones, e-mails or search keys."""
        ...

    async def last_position(self, company_id: str) -> int:
        """Return the greatest position among the contacts of a company, 0 where it has none."""
        ...

    async def contacts_of(self, company_id: str, allowed: Node) -> Sequence[Contact]:
        """List those contacts of a company that are allowed, in their order."""
        ...


class ClaimStore(Protocol):
    """Holds keys for clients that are about to be created."""

    async def take(self, wanted: Mapping[str, Claim]) -> tuple[str, Claim] | None:
        """Claim keys in their order; return the first that another resolution holds, with its claim, or None."""
        ...

    async def release(self, resolution_id: str) -> None:
        """Release all keys of one attempt."""
        ...


class RightsOfActors(Protocol):
    """Knows what users may do."""

    async def restricting(self, actor: str, named: Iterable[str]) -> Rights | None:
        """Compile the rights that restrict an actor whose token names these roles; None of whom none restricts."""
        ...


@dataclass(frozen=True)
class Collaborators:
    """Everything that a conversion works with."""

    contacts: Repository[Contact]
    companies: Repository[Company]
    resolutions: Repository[Resolution]
    claims: ClaimStore
    views: DuplicateSearch
    reference: FieldCodes
    numbers: Numbers
    answers: Answers
    rights: RightsOfActors
    defaults: Defaults
    rule: SameClient = field(default_factory=SameClient)
    """When a record is the client of a lead."""
