"""Lists of stages: a service knows all of its stages, so it filters them in memory (LEAD-06, DEAL-07)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final, TypeAlias

from crm_contracts.pipelines import Stage

from shared.elements.domain.fields import fields_of
from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.parsing import parse_filter
from shared.elements.schemas.filters import MAX_FILTER, read_filter
from shared.elements.schemas.stages import StageOut
from shared.kit.web.schemas import Page, json_of

_FIELDS: Final = fields_of(Stage)
_ABOUT: Final = f"what a stage has to be, as in lists of elements; in JSON, with conditions on {', '.join(_FIELDS)}"

StageFilter: TypeAlias = Annotated[str | None, json_of("filter", None, longest=MAX_FILTER, about=_ABOUT)]
"""The parameter `filter` of a list of stages."""


def stages_passing(stages: Iterable[Stage], filter_: str | None, *, now: datetime) -> Page[StageOut]:
    """Show the stages that pass a filter, in their order.

    Raises:
        InvalidQuery: naming everything in the filter that is not valid.
    """
    node = parse_filter(read_filter(filter_), _FIELDS, now=now)
    passing = (stage for stage in stages if matches(node, {**dict(stage), "_id": stage.id}))
    return Page(items=[StageOut.of(stage) for stage in passing])
