"""Why a product says no."""

from shared.kit.domain import Conflict


class ExternalIdTaken(Conflict):
    """Another product of the catalog has this external id (PROD-10)."""

    code = "external_id_taken"
