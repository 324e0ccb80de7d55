"""The rules of the chosen requisites of a deal, quote or invoice (REQ-05).

Pure functions from one `RequisiteLink` to the next. Choosing is a request: the clients service answers whether the
requisites belong to the element's client and to a company of ours. An answer counts only for the `choice_no` of its
request, and unlinking a client repeats the request.
"""

from collections.abc import Mapping
from typing import Final

from crm_contracts.client_field import Client
from crm_contracts.requisites import RequisiteChoice, RequisiteLink
from crm_contracts.values import LinkState

ACCOUNTS: Final[Mapping[str, str]] = {"bank_detail_id": "requisite_id", "mc_bank_detail_id": "mc_requisite_id"}
"""The requisite to which each bank detail has to belong."""


def choose(link: RequisiteLink, choice: RequisiteChoice) -> RequisiteLink:
    """Choose requisites, to be confirmed by clients; choosing none needs no answer. The same again changes nothing."""
    if choice == link.choice and link.state != "refused":
        return link
    state: LinkState = "none" if choice == RequisiteChoice() else "pending"
    return RequisiteLink(**dict(choice), choice_no=link.choice_no + 1, state=state)


def ask_again(link: RequisiteLink, before: Client, after: Client) -> RequisiteLink:
    """Repeat the request after a client was unlinked to whom the requisites may belong."""
    left = _linked(before) - _linked(after)
    if not left or link.requisite_id is None:
        return link
    return link.model_copy(update={"choice_no": link.choice_no + 1, "state": "pending"})


def _linked(client: Client) -> set[str]:
    """Name all that it links, with the company that is kept until another one is confirmed."""
    former = (client.former_company,) if client.former_company else ()
    return {str(ref) for ref in (*former, *client.refs)}


def confirm(link: RequisiteLink, choice_no: int) -> RequisiteLink | None:
    """Confirm the choice; None where the answer is stale or was applied before."""
    if choice_no != link.choice_no or link.state != "pending":
        return None
    return link.model_copy(update={"state": "done"})


def refuse(link: RequisiteLink, choice_no: int, *, code: str, field: str) -> RequisiteLink | None:
    """Choose none, because one cannot be chosen; None where the answer is stale or was applied before."""
    if choice_no != link.choice_no or link.state != "pending":
        return None
    return RequisiteLink(choice_no=choice_no, state="refused", refusal=code, refused_field=field)
