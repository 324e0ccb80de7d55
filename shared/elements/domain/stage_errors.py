"""Domain errors of sets of stages (DEAL-06, PIPE-06)."""

from shared.kit.domain import Conflict, Invalid, Refused


class StageNotFound(Invalid):
    """No such stage in the set that the element goes through."""

    code = "stage_not_in_pipeline"


class WrongStageId(Invalid):
    """The id of a new stage has other characters than it may, or too many of them."""

    code = "wrong_stage_id"


class StageOutOfOrder(Invalid):
    """Stages in process come first, then the one that means success, then failures; the first one stays the first."""

    code = "stage_out_of_order"
    advice = "Send a `sort` that puts the stage among those of its `semantic`, and after the first one."


class StageExists(Conflict):
    """The set has a stage of this id."""

    code = "stage_exists"
    advice = "Choose another id; a stage that is there already is changed by PATCH."


class TooManyStages(Conflict):
    """The set has as many stages as it may."""

    code = "too_many_stages"


class StageStays(Refused):
    """The first stage and the one that means success are never deleted: elements start and succeed there."""

    code = "stage_stays"
    advice = "Rename it, or move it among the others of its meaning, instead."


class SystemStage(Refused):
    """A stage that came with the CRM is only deleted by force."""

    code = "system_stage"
    advice = "Send `forced=true` where it is to be deleted all the same."


class DeletionLapsed(Conflict):
    """Looking for elements took so long that new ones may have entered: nothing was deleted."""

    code = "deletion_lapsed"
    advice = "Send the request again."
