"""Check the requisites that an element chose against its clients and our sellers (REQ-05)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crm_contracts.requisites import BankDetail, Requisite, RequisiteLink
from crm_contracts.values import ElementRef

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from shared.kit.domain import NotYet

R = TypeVar("R", Requisite, BankDetail)


@dataclass(frozen=True)
class RequisiteChoiceCheck:
    """The requisites selected on an element, and the clients allowed to own them."""

    link: RequisiteLink
    clients: tuple[ElementRef, ...]


@dataclass(frozen=True)
class ChoiceProblem:
    """An id that cannot be chosen, and why, such as `bank_detail_not_found` or `mc_requisite_not_active`."""

    field: str
    code: str


def find_problem(
    link: RequisiteLink, clients: Sequence[Contact | Company], sellers: Sequence[Company]
) -> ChoiceProblem | None:
    """Find the first id that cannot be chosen.

    Args:
        link: the choice.
        clients: of the element, as they are now.
        sellers: companies of ours that have our requisites (COMP-08).

    Raises:
        NotYet: a merge is moving the requisites to one of the clients (DUP-02).
    """
    return _problem(link, "", clients) or _problem(link, "mc_", sellers)


def _problem(link: RequisiteLink, side: str, owners: Sequence[Contact | Company]) -> ChoiceProblem | None:
    requisite_id: str | None = getattr(link, f"{side}requisite_id")
    bank_detail_id: str | None = getattr(link, f"{side}bank_detail_id")
    if requisite_id is None:
        return None
    requisite = _of_id(requisite_id, (each for owner in owners for each in owner.requisites))
    if requisite is None and _of_id(requisite_id, (each for owner in owners for each in _being_merged(owner))):
        message = f"Requisite {requisite_id} is on its way to the survivor of a merge."
        raise NotYet(message)
    if requisite is None or not requisite.active:
        return _unusable(f"{side}requisite", requisite)
    detail = _of_id(bank_detail_id, requisite.bank_details)
    if bank_detail_id is not None and (detail is None or not detail.active):
        return _unusable(f"{side}bank_detail", detail)
    return None


def _unusable(name: str, found: Requisite | BankDetail | None) -> ChoiceProblem:
    return ChoiceProblem(f"{name}_id", f"{name}_not_found" if found is None else f"{name}_not_active")


def _of_id(id_: str | None, among: Iterable[R]) -> R | None:
    return next((each for each in among if each.id == id_), None)


def _being_merged(owner: Contact | Company) -> Iterable[Requisite]:
    if owner.merging is not None:
        for part in owner.merging.parts:
            yield from part.state.requisites
