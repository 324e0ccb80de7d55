"""Requisites that an element chose, judged by those who are its client, and by our sellers (REQ-05).

The surprise: a contact or company that was merged has given its requisites away, but the survivor may not have taken
them over yet. Then nothing can be said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crm_contracts.requisites import BankDetail, Requisite, RequisiteLink
from crm_contracts.values import ElementRef

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from shared.kit.domain import NotYet

R = TypeVar("R", Requisite, BankDetail)


@dataclass(frozen=True)
class Choice:
    """What an element chose, and whose the requisites may be beside ours."""

    link: RequisiteLink
    clients: tuple[ElementRef, ...]


@dataclass(frozen=True)
class Wrong:
    """Which id cannot be chosen, and why, such as `bank_detail_not_found` or `mc_requisite_not_active`."""

    field: str
    code: str


def wrong_with(link: RequisiteLink, theirs: Sequence[Contact | Company], ours: Sequence[Company]) -> Wrong | None:
    """The first id that cannot be chosen, or None.

    Args:
        link: the choice.
        theirs: the clients of the element, as they are now.
        ours: sellers who may have the requisites that are to be ours (COMP-08).

    Raises:
        NotYet: a merge is just bringing the requisite to one of the clients (DUP-02).
    """
    return _wrong(link, "", theirs) or _wrong(link, "mc_", ours)


def _wrong(link: RequisiteLink, whose: str, owners: Sequence[Contact | Company]) -> Wrong | None:
    requisite_id: str | None = getattr(link, f"{whose}requisite_id")
    bank_detail_id: str | None = getattr(link, f"{whose}bank_detail_id")
    if requisite_id is None:
        return None
    requisite = _of_id(requisite_id, (each for owner in owners for each in owner.requisites))
    if requisite is None and _of_id(requisite_id, (each for owner in owners for each in _on_its_way(owner))):
        message = f"Requisite {requisite_id} is on its way to the survivor of a merge."
        raise NotYet(message)
    if requisite is None or not requisite.active:
        return _unusable(f"{whose}requisite", requisite)
    detail = _of_id(bank_detail_id, requisite.bank_details)
    if bank_detail_id is not None and (detail is None or not detail.active):
        return _unusable(f"{whose}bank_detail", detail)
    return None


def _unusable(name: str, found: Requisite | BankDetail | None) -> Wrong:
    return Wrong(f"{name}_id", f"{name}_not_found" if found is None else f"{name}_not_active")


def _of_id(id_: str | None, among: Iterable[R]) -> R | None:
    return next((each for each in among if each.id == id_), None)


def _on_its_way(owner: Contact | Company) -> Iterable[Requisite]:
    if owner.merging is not None:
        for part in owner.merging.parts:
            yield from part.state.requisites
