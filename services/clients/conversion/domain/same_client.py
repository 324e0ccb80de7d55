"""Decide whether a record is the client of a lead: by name and phone or e-mail together (LEAD-12)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar, get_args

from crm_contracts.conversions import LeadSnapshot
from crm_contracts.values import ContactPoint

from services.clients.conversion.domain.sought import SHARED_MAILBOXES, is_shared
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.names import Agreement, agreement, company_key
from shared.elements.domain.contact_points import identity, sought_by

OnOtherName = Literal["refuse", "create", "link"]
"""What `on_duplicate: link` does with a record that has the same phone or e-mail and another name."""

Verdict = Literal["same", "partly", "other_name", "weak"]
"""The same client; the same as far as the name is known; a client of another name; or too little to say."""
_LIKELY_FIRST: Final[Sequence[Verdict]] = get_args(Verdict)

R = TypeVar("R", bound=Contact | Company)


@dataclass(frozen=True)
class SameClient:
    """The rule, as it is set.

    Attributes:
        on_other_name: what a phone or an e-mail alone is worth.
        shared_mailboxes: addresses that begin so are never enough without the whole name.
    """

    on_other_name: OnOtherName = "refuse"
    shared_mailboxes: frozenset[str] = field(default=SHARED_MAILBOXES)

    def found(self, lead: LeadSnapshot, records: Sequence[R]) -> list[R]:
        """List those that share a phone, an e-mail or the title of the company with the lead, the most likely first."""
        ours = _points(lead)
        found = [
            record
            for record in records
            if not ours.isdisjoint(_points(record))
            or (isinstance(record, Company) and _compared(lead, record) == "same")
        ]
        return sorted(found, key=lambda record: _LIKELY_FIRST.index(self.judge(lead, record)))

    def same(self, lead: LeadSnapshot, found: Sequence[R]) -> list[R]:
        """List those that are the client of the lead; those with the whole name alone, if there are any."""
        verdicts = [(self.judge(lead, record), record) for record in found]
        accepted: list[Verdict] = ["same", "partly"]
        if self.on_other_name == "link":
            accepted.append("other_name")
        groups = ([record for verdict, record in verdicts if verdict == each] for each in accepted)
        return next((group for group in groups if group), [])

    def stands_in_the_way(self, lead: LeadSnapshot, record: Contact | Company) -> bool:
        """Whether a record must be decided about by a person before another one is created."""
        return self.judge(lead, record) != "weak"

    def judge(self, lead: LeadSnapshot, record: Contact | Company) -> Verdict:
        """Compare a record that shares a phone or an e-mail with the lead, or the title of its company."""
        name = _compared(lead, record)
        if name == "same":
            return "same"
        if not self._has_strong_point(lead, record):
            return "weak"
        return "other_name" if name == "other" else "partly"

    def _has_strong_point(self, lead: LeadSnapshot, record: Contact | Company) -> bool:
        """Whether they share a phone or an e-mail that is one client's: normalised, and no shared mailbox.

        Two extensions of one switchboard are two phones.
        """
        return has_one_of(self.telling((*lead.phones, *lead.emails)), record)

    def telling(self, points: Iterable[ContactPoint]) -> tuple[ContactPoint, ...]:
        """Take those phones and e-mails that are one client's: normalised, and no shared mailbox."""
        return tuple(
            point
            for point in points
            if point.normalized
            and ("@" not in point.normalized or not is_shared(point.normalized, self.shared_mailboxes))
        )


def has_one_of(points: Iterable[ContactPoint], record: Contact | Company) -> bool:
    """Whether a record has one of these phones, with its extension, or e-mails."""
    theirs = {identity(point) for point in (*record.phones, *record.emails)}
    return any(identity(point) in theirs for point in points)


def _compared(lead: LeadSnapshot, record: Contact | Company) -> Agreement:
    if isinstance(record, Contact):
        return agreement(lead.full_name, record.full_name)
    wanted = company_key(lead.company_title or "")
    if not wanted:
        return "unknown"
    return "same" if wanted in map(company_key, [record.title, *record.legal_names]) else "other"


def _points(of: LeadSnapshot | Contact | Company) -> set[str]:
    return {sought_by(point) for point in (*of.phones, *of.emails)}
