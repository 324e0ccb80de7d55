"""The rule of imports: what was corrected here is not overwritten by another version of what was taken over (CONT-08).

The surprise: only what both sides changed is in the way. A record may be corrected here and imported for ever, as long
as the other system has nothing new for the very fields that were corrected.
"""

from collections.abc import Mapping
from typing import Any

from crm_contracts.companies import CompanyState
from crm_contracts.contacts import ContactState

from services.clients.domain.errors import OriginVersionConflict


def corrected_here(record: ContactState | CompanyState, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes, and that they were made here: where nothing was taken over, nothing is kept of that."""
    if record.originator_id is None:
        return dict(changes)
    new = {name for name, value in changes.items() if getattr(record, name) != value}
    return {**changes, "edited_here": tuple(sorted({*record.edited_here, *new}))}


def taken_over(record: ContactState | CompanyState, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What an import changes; one without an `origin_version` has no regard for what was corrected here.

    With the version of the last import there is nothing new to take over for those fields, and they stay as they are.

    Raises:
        OriginVersionConflict: another version, and it would overwrite fields that were corrected here: all are named.
    """
    version = changes.get("origin_version")
    mine = [name for name in record.edited_here if name in changes and getattr(record, name) != changes[name]]
    if version is None:
        mine = []
    elif mine and version != record.origin_version:
        message = f"corrected here since version {record.origin_version} was taken over"
        errors = [{"field": name, "code": OriginVersionConflict.code, "message": message} for name in mine]
        raise OriginVersionConflict(f"Fields were {message}.", {"errors": errors})
    taken = {name: value for name, value in changes.items() if name not in mine}
    return {**taken, "edited_here": tuple(name for name in record.edited_here if name not in taken)}
