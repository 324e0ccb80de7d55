"""Check that every converted lead has exactly one deal, and the contact and company it names (LEAD-11, LEAD-14)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.envelope import Envelope, Event

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored


class _Conversion(NamedTuple):
    """The conversion of a lead, as far as it is compared with the data of other services."""

    state: str
    id: str
    wants_deal: bool
    deal: str | None
    proposed_deal: str
    clients: tuple[str, ...]


class _Deal(NamedTuple):
    id: str
    conversion: str | None


class Conversions(Invariant):
    """Compare leads with deals and clients; a deal that names a lead must be the one that this lead names."""

    name = "conversions"
    promise = (
        "every converted lead has exactly the deal, the contact and the company that it names, and is in CONVERTED"
    )

    def __init__(self, *, now: datetime, patience: timedelta) -> None:
        """Report a conversion that has been running for longer than `patience` as stuck."""
        super().__init__()
        self._now, self._patience = now, patience
        self._started: dict[str, tuple[int, datetime]] = {}
        self._conversions: dict[str, _Conversion] = {}
        self._deals: dict[str, list[_Deal]] = {}
        self._clients: set[str] = set()
        self._disagreeing: list[str] = []

    def take_event(self, event: Envelope[Event]) -> None:
        data = event.data
        if isinstance(data, LeadConversionRequested):
            attempt, _ = self._started.get(data.lead.id, (0, None))
            if data.attempt > attempt:  # not the same attempt asked once more
                self._started[data.lead.id] = data.attempt, event.time

    def take_document(self, stored: Stored) -> None:
        if stored.type.noun in {"contact", "company"}:
            self._clients.add(stored.subject)
        elif stored.type.noun == "deal" and stored.state.lead_id is not None:
            asked_by = stored.state.conversion
            deal = _Deal(stored.id, asked_by.conversion_id if asked_by else None)
            self._deals.setdefault(stored.state.lead_id, []).append(deal)
        elif stored.type.noun == "lead":
            self._take_lead(stored)

    def _take_lead(self, stored: Stored) -> None:
        lead, found = stored.state, stored.state.conversion
        agreeing = {found.state == "done" or lead.converted_elsewhere, lead.converted, lead.stage_semantic == "S"}
        if len(agreeing) > 1:
            self._disagreeing.append(stored.subject)
        if found.state != "none":
            self._conversions[stored.id] = _Conversion(
                state=found.state,
                id=found.conversion_id,
                wants_deal="deal" in found.targets,
                deal=found.deal.id if found.deal else None,
                proposed_deal=found.proposed_deal_id,
                clients=tuple(str(ref) for ref in (found.contact, found.company) if ref),
            )

    def broken(self) -> Iterator[Finding]:
        for lead, conversion in self._conversions.items():
            self.counts[f"conversions {conversion.state}"] += 1
            yield from self._missing(f"lead:{lead}", conversion)
            if conversion.state == "done":
                self.checked += 1
                yield from self._not_one_deal(lead, conversion)
            elif conversion.state == "running":
                yield from self._stuck(lead)
        yield from self._unclaimed()
        for lead in self._disagreeing:
            yield self._finding(lead, "its stage and its conversion disagree on whether it was converted")

    def _missing(self, subject: str, conversion: _Conversion) -> Iterator[Finding]:
        for client in conversion.clients:
            if client not in self._clients:
                yield self._finding(subject, f"names {client}, which is not there")

    def _not_one_deal(self, lead: str, conversion: _Conversion) -> Iterator[Finding]:
        deals = [deal.id for deal in self._deals.get(lead, ()) if deal.conversion == conversion.id]
        wanted = [conversion.deal] if conversion.wants_deal else []
        if sorted(deals) != wanted:
            says = f"deal {conversion.deal}" if conversion.wants_deal else "no deal"
            yield self._finding(f"lead:{lead}", f"was converted into {says}, but has {', '.join(deals) or 'none'}")

    def _stuck(self, lead: str) -> Iterator[Finding]:
        _, since = self._started.get(lead, (0, self._now))
        if self._now - since > self._patience:
            seconds = round((self._now - since).total_seconds())
            yield self._finding(f"lead:{lead}", f"is being converted for {_rounded(seconds)}")

    def _unclaimed(self) -> Iterator[Finding]:
        for lead, deals in self._deals.items():
            conversion = self._conversions.get(lead)
            # A deal may be opened after the lead has given up on it: the next attempt finds it under the proposed id.
            named = None if conversion is None else conversion.deal or conversion.proposed_deal
            for deal in deals:
                if conversion is None or deal != (named, conversion.id):
                    yield self._finding(f"deal:{deal.id}", f"comes from lead:{lead}, which does not name it")


def _rounded(seconds: int) -> str:
    """Round coarsely, so that two looks at a stuck conversion give the same finding."""
    return f"more than {seconds // 60} minutes" if seconds >= 60 else "some seconds"  # noqa: PLR2004
