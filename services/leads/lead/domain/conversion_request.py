"""What a lead is to be converted into (LEAD-11)."""

from collections.abc import Container, Mapping
from typing import Final

from crm_contracts.conversions import Activities
from crm_contracts.values import ConversionTarget, ElementRef, OnDuplicate
from pydantic import BaseModel

from shared.kit.domain import Invalid, wrong_field

TARGETS: Final[tuple[ConversionTarget, ...]] = ("contact", "company", "deal")


class ConversionRequest(BaseModel):
    """What to convert into; `targets` None means the default of the lead.

    `contact_id` and `company_id` are existing records that are to be linked, whatever `on_duplicate` says. What is not
    given has its default where the conversion begins, and asks for nothing where there is one already.
    """

    targets: tuple[ConversionTarget, ...] | None = None
    on_duplicate: OnDuplicate = "link"
    pipeline_id: str = "default"
    activities: Activities = "complete"
    contact_id: str | None = None
    company_id: str | None = None

    @property
    def insists_on(self) -> dict[str, str]:
        """The terms that were given, beside targets and records."""
        return self.model_dump(include={"on_duplicate", "pipeline_id", "activities"}, exclude_unset=True)

    def differing(self, used: Mapping[str, str], known: Container[str | None]) -> dict[str, str]:
        """Return the terms that are other than those `used`, and the records that are none of the `known` ones."""
        records = {"contact_id": self.contact_id, "company_id": self.company_id}
        return {
            **{name: id_ for name, id_ in records.items() if id_ and id_ not in known},
            **{name: value for name, value in self.insists_on.items() if value != used[name]},
        }

    def kept(self, made: ElementRef | None) -> ElementRef | None:
        """Keep what an earlier attempt has created or linked, unless another record is chosen since."""
        chosen = self.contact_id if made is not None and made.type == "contact" else self.company_id
        return made if chosen is None or (made is not None and made.id == chosen) else None

    def with_chosen(self, default: tuple[ConversionTarget, ...]) -> tuple[ConversionTarget, ...]:
        """Return the targets in their order: what is requested, else the default and what is to be linked.

        Raises:
            Invalid: a record is chosen of a type that is no target, or a pipeline where no deal is to be made.
        """
        chosen = [kind for kind, id_ in (("contact", self.contact_id), ("company", self.company_id)) if id_]
        wanted = self.targets if self.targets is not None else (*default, *chosen)
        about = {f"{kind}_id": kind for kind in chosen}
        if "pipeline_id" in self.model_fields_set:
            about["pipeline_id"] = "deal"
        errors = [
            wrong_field(field, "no_target", f"{kind} is not among the targets")
            for field, kind in about.items()
            if kind not in wanted
        ]
        if errors:
            message = "The request says something of a record that is no target."
            raise Invalid(message, {"errors": errors})
        return tuple(target for target in TARGETS if target in wanted)
