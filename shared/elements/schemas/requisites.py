"""Chosen requisites in request bodies (REQ-05)."""

from collections.abc import Mapping
from typing import ClassVar

from crm_contracts.requisites import RequisiteChoice, RequisiteLink

from shared.elements.domain.requisites import ACCOUNTS
from shared.elements.schemas.scalars import ElementId
from shared.kit.domain import Conflict, Invalid, wrong_field
from shared.kit.web.schemas import Input


class RequisitesIn(Input):
    """Requisites to be chosen, as a whole: what is null or absent is not chosen (REQ-05)."""

    requisite_id: ElementId | None = None
    bank_detail_id: ElementId | None = None
    mc_requisite_id: ElementId | None = None
    mc_bank_detail_id: ElementId | None = None

    @property
    def choice(self) -> RequisiteChoice:
        """The value that the rules take.

        Raises:
            Invalid: naming every bank detail without its requisite.
        """
        choice = RequisiteChoice(**self.model_dump())
        alone = [name for name, of in ACCOUNTS.items() if getattr(choice, name) and not getattr(choice, of)]
        if alone:
            errors = [wrong_field(name, "without_requisite", f"needs its {ACCOUNTS[name]}") for name in alone]
            raise Invalid("A bank detail is chosen with its requisite.", {"errors": errors})
        return choice


class RequisitesRefused(Conflict):
    """One of the requisites cannot be chosen; `code` is the reason, `errors` has the field (REQ-05)."""

    code = "requisites_refused"
    also: ClassVar[Mapping[str, str]] = {
        f"{side}{part}_{reason}": f"The chosen {whose} {part.replace('_', ' ')} {meaning}."
        for side, whose in (("", "client's"), ("mc_", "own company's"))
        for part in ("requisite", "bank_detail")
        for reason, meaning in (("not_found", "does not exist"), ("not_active", "is not in use"))
    }

    def __init__(self, link: RequisiteLink) -> None:
        message = "These requisites cannot be chosen, so none are."
        # One class for all that can be wrong: clients names it.
        self.code = link.refusal or self.code  # type: ignore[misc]
        wrong = {"field": link.refused_field, "code": self.code, "message": message}
        super().__init__(message, {"errors": [wrong], "requisite_link": link.model_dump(mode="json")})
