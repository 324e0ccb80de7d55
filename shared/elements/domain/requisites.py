"""The rules of the chosen requisites of a deal, quote or invoice (REQ-05).

Pure functions from one `RequisiteLink` to the next. The surprise: choosing only *asks*. The clients service answers
whether the requisites are those of the element's client and of a company of ours, an answer counts only for the
`choice_no` that it was asked for, and whoever leaves the element's client lets it ask once more.
"""

from collections.abc import Mapping
from typing import Final

from crm_contracts.client_field import Client
from crm_contracts.requisites import RequisiteChoice, RequisiteLink
from crm_contracts.values import LinkState

ACCOUNTS: Final[Mapping[str, str]] = {"bank_detail_id": "requisite_id", "mc_bank_detail_id": "mc_requisite_id"}
"""Of which requisite each bank detail has to be."""


def choose(link: RequisiteLink, choice: RequisiteChoice) -> RequisiteLink:
    """Choose these, to be confirmed by clients; to choose nothing is done at once. The same again changes nothing."""
    if choice == link.choice and link.state != "refused":
        return link
    state: LinkState = "none" if choice == RequisiteChoice() else "pending"
    return RequisiteLink(**dict(choice), choice_no=link.choice_no + 1, state=state)


def ask_again(link: RequisiteLink, before: Client, after: Client) -> RequisiteLink:
    """Ask once more after somebody left the client, whose requisites they may have been."""
    left = {str(ref) for ref in before.refs} - {str(ref) for ref in after.refs}
    if not left or link.requisite_id is None:
        return link
    return link.model_copy(update={"choice_no": link.choice_no + 1, "state": "pending"})


def confirm(link: RequisiteLink, choice_no: int) -> RequisiteLink | None:
    """They are as they should be; None where the answer is stale or was applied before."""
    if choice_no != link.choice_no or link.state != "pending":
        return None
    return link.model_copy(update={"state": "done"})


def refuse(link: RequisiteLink, choice_no: int, *, code: str, field: str) -> RequisiteLink | None:
    """Choose none of them, because one cannot be chosen; None where the answer is stale or was applied before."""
    if choice_no != link.choice_no or link.state != "pending":
        return None
    return RequisiteLink(choice_no=choice_no, state="refused", refusal=code, refused_field=field)
