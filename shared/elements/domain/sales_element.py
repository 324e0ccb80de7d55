"""What a lead, a deal, a quote and an invoice have in common: stages, product rows and a Client field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from crm_contracts.client_field import Client
from crm_contracts.pipelines import Stage
from crm_contracts.product_rows import Priced
from pydantic import computed_field

from shared.elements.domain.search_keys import title_keys
from shared.elements.domain.traits import HasClient, HasRows, HasStage


@dataclass(frozen=True)
class InitialState:
    """What a new element starts with, checked and complete; `origin` is a system and the id there (CMN-14).

    `authorship` has times and authors by field, of one that is imported with those of the other system (CMN-10).
    """

    fields: Mapping[str, Any]
    client: Client
    priced: Priced
    origin: tuple[str, str] | None = None
    authorship: Mapping[str, Any] = field(default_factory=dict)


class SalesElement(HasStage, HasRows, HasClient):
    """An element with stages, product rows and a Client field."""

    @computed_field  # type: ignore[prop-decorator] # stored, so that lists find it
    @property
    def search(self) -> list[str]:
        """Keys that it is found by (DEAL-01)."""
        return title_keys((self.title,))

    @classmethod
    def start(
        cls,
        id_: str,
        number: int,
        initial: InitialState,
        stage: Stage,
        *,
        by: str,
        at: datetime,
        is_ended_elsewhere: bool = False,
        **own: Any,
    ) -> Self:
        """Create the element on a stage; the title has a default (CMN-01). `own` are fields of its type alone.

        Raises:
            DomainError: the stage belongs to a process, which has not ended the element in another system either.
        """
        if not is_ended_elsewhere:
            cls.check_created_by_hand(stage)
        originator_id, origin_id = initial.origin or (None, None)
        source_id = initial.fields.get("source_id")
        default_title = cls.default_title(number, source_id=source_id, origin_id=origin_id)
        element = cls(
            **{**initial.fields, "title": initial.fields.get("title") or default_title, **own},
            **dict(initial.priced),
            id=id_,
            number=number,
            originator_id=originator_id,
            origin_id=origin_id,
            stage_id=stage.id,
            stage_semantic=stage.semantic,
            closed_at=None if stage.semantic == "P" else initial.authorship.get("moved_at", at),
            client=initial.client,
            **{"created_at": at, "created_by": by, "updated_at": at, "updated_by": by, **initial.authorship},
        )
        element.record(element._created())
        return element
