"""Why a deal says no; what is wrong with its pipeline or stage stands with the stages."""

from shared.kit.domain import Conflict


class OriginTaken(Conflict):
    """Another deal came from the same place (CMN-14)."""

    code = "origin_taken"
