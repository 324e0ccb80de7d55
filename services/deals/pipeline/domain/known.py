"""All pipelines at one moment, as far as a caller may know of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Self

from services.deals.pipeline.domain.pipeline import Pipeline
from shared.elements.domain.pipelines import check_pipeline
from shared.elements.domain.stages import StageSet


class KnownPipelines:
    """The pipelines by their ids, in order, and the stages of each that a deal may enter."""

    def __init__(self, pipelines: Sequence[Pipeline], now: datetime) -> None:
        self._pipelines = sorted(pipelines, key=lambda pipeline: pipeline.place)
        self._now = now

    def __iter__(self) -> Iterator[Pipeline]:
        return iter(self._pipelines)

    def only(self, is_shown: Callable[[str], bool]) -> Self:
        """Leave out pipelines that a caller may not know of, by their ids (PERM-03)."""
        return type(self)([each for each in self._pipelines if is_shown(each.id)], self._now)

    @property
    def ids(self) -> Sequence[str]:
        """Ids of all of them."""
        return [each.id for each in self._pipelines]

    @property
    def stages(self) -> Mapping[str, StageSet]:
        """All stages of each of them, those included that are being deleted."""
        return {each.id: each.stage_set for each in self._pipelines}

    def stages_of(self, pipeline_id: str) -> StageSet:
        """Find the stages of a pipeline that a deal may enter.

        Raises:
            PipelineNotFound: there is none of this id, or it is being deleted.
        """
        entered = {each.id: each for each in self._pipelines if None not in each.closed(now=self._now)}
        check_pipeline(pipeline_id, list(entered))
        return entered[pipeline_id].open_stages(now=self._now)
