"""Domain errors of pipelines (PIPE-01, PIPE-04, PIPE-06)."""

from shared.kit.domain import Conflict, Refused


class DefaultPipelineStays(Refused):
    """The default pipeline is never deleted."""

    code = "default_pipeline_stays"
    advice = "Rename it, and change its stages, instead."


class PipelineHasDeals(Refused):
    """There are deals in the pipeline that is to be deleted."""

    code = "pipeline_has_deals"
    advice = (
        "Move its deals to another pipeline first, or delete them; templates (`GET /v1/recurring-deals`) and those "
        "that you may not read count as well."
    )


class StageHasDeals(Refused):
    """There are deals on the stage that is to be deleted."""

    code = "stage_has_deals"
    advice = "Move its deals to another stage first, or delete them; those that you may not read count as well."


class TooManyPipelines(Conflict):
    """There are as many pipelines as there may be."""

    code = "too_many_pipelines"
