"""The refusal of a link to a contact or a company that does not exist: the same on every route (CLI-02, CLI-07)."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from crm_contracts.values import ElementRef

from shared.elements.domain.client_answers import CONTACT_NOT_FOUND
from shared.kit.domain import Conflict, wrong_field

COMPANY_NOT_FOUND: Final = "company_not_found"


class ClientRefused(Conflict):
    """The company that is to be linked does not exist, or was deleted (CLI-02, CLI-07); `errors` has the fields."""

    code = COMPANY_NOT_FOUND
    advice = (
        "Look for it by `GET /v1/clients/search` or `GET /v1/companies` of clients, and send the request with the id "
        "of one that is there; `merged_into` is the one that it was merged into. A company that was linked before "
        "still is: `client` of a lead or a deal is what is linked now. What else the request changed of these stays."
    )
    also: ClassVar[Mapping[str, str]] = {CONTACT_NOT_FOUND: "A contact to be linked does not exist, or was deleted."}
    advice_on: ClassVar[Mapping[str, str]] = {CONTACT_NOT_FOUND: advice.replace("companies", "contacts")}

    def __init__(self, missing: Mapping[str, ElementRef], *, rest_is_stored: bool = False, **details: Any) -> None:
        """Name the fields of the request, by the contact or company that each should link."""
        errors = [
            wrong_field(field, CONTACT_NOT_FOUND if ref.type == "contact" else COMPANY_NOT_FOUND, _sentence(ref))
            for field, ref in missing.items()
        ]
        # One class for both: what was not found decides.
        self.code = errors[0]["code"]  # type: ignore[misc]
        stored = ["The other changes of the request were stored."] if rest_is_stored else []
        super().__init__(" ".join([*(error["message"] for error in errors), *stored]), {**details, "errors": errors})


def _sentence(ref: ElementRef) -> str:
    return f"There is no {ref.type} {ref.id}."
