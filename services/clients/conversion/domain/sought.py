"""What a conversion searches existing clients by: the lead's phones, e-mails and company title (LEAD-12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.values import ContactPoint

from services.clients.records.domain.names import company_key
from services.clients.records.domain.search_keys import COMPANY
from shared.elements.domain.search_keys import email_keys, phone_keys, whole_key

_MAILBOXES: Final = (
    "abuse accounting admin anfrage atendimento billing buchhaltung buero comercial contact contacto contato "
    "donotreply email empfang example financeiro hello hr info jobs kontakt mail marketing noemail nomail none noreply "
    "office orders post postmaster press reception sales secretary sekretariat service support team test unknown "
    "ventas vendas verwaltung webmaster welcome zentrale"
)
SHARED_MAILBOXES: Final = frozenset(_MAILBOXES.split())
"""What stands before the @ of addresses that many people share, or that stand for none."""


@dataclass(frozen=True)
class Sought:
    """The contact data and the company title of a lead, as clients are found by them.

    Attributes:
        phones: normalised.
        emails: normalised.
        typed: search keys of phones and e-mails that have no normal form.
        company: what the title of the company is compared by; empty without one.
    """

    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    company: str = ""

    @classmethod
    def of(cls, request: LeadConversionRequested) -> "Sought":
        """Take it from the snapshot of the lead."""
        lead = request.snapshot
        wants_company = "company" in request.client_targets and request.company_id is None
        typed = [*phone_keys(_typed(lead.phones)), *email_keys(_typed(lead.emails))]
        return cls(
            phones=tuple(point.normalized for point in lead.phones if point.normalized),
            emails=tuple(point.normalized for point in lead.emails if point.normalized),
            typed=tuple(whole_key("", key) for key in typed),
            company=company_key(lead.company_title or "") if wants_company else "",
        )

    @property
    def company_keys(self) -> tuple[str, ...]:
        """Search keys of companies with this title."""
        return (whole_key(COMPANY, self.company),) if self.company else ()


def is_shared(address: str, shared_mailboxes: frozenset[str]) -> bool:
    """Whether many people may have this address, such as `info@acme.example`, or none has it."""
    mailbox = address.partition("@")[0].partition("+")[0]
    return "".join(char for char in mailbox if char.isalpha()) in shared_mailboxes


def _typed(points: Sequence[ContactPoint]) -> list[ContactPoint]:
    return [point for point in points if not point.normalized]
