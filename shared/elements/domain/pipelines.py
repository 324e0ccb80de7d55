"""Pipelines that a request may name (DEAL-07, LEAD-11)."""

from collections.abc import Collection

from shared.kit.domain import KNOWN_SOON, Invalid


class PipelineNotFound(Invalid):
    """No such pipeline."""

    code = "pipeline_not_found"
    advice = "Name one of the pipelines that the message lists, or leave `pipeline_id` out."


def check_pipeline(id_: str, known: Collection[str], *, is_view: bool = False) -> None:
    """Check that there is a pipeline of this code among those `known`, which may be a view of those of deals.

    Raises:
        PipelineNotFound: there is none; names the field `pipeline_id`.
    """
    if id_ not in known:
        later = f"; {KNOWN_SOON}" if is_view else ""
        message = f"There is no pipeline {id_}; known: {', '.join(known) or 'none'}{later}."
        raise PipelineNotFound.at(message, "pipeline_id")
