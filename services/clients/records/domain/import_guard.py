"""Protect fields that were corrected here from being overwritten by another version of an imported record (CONT-08).

Only fields that both sides changed conflict. A record may be corrected here and imported again and again, as long as
the other system has nothing new for the corrected fields.
"""

from collections.abc import Mapping
from typing import Any

from crm_contracts.fields import Identified, TakenOver

from services.clients.records.domain.errors import OriginVersionConflict
from shared.kit.domain import wrong_field


class ImportGuard(TakenOver, Identified):
    """A record that may have been imported from another system."""

    def _corrected_here(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Add to the changes which fields are corrected here; a record without an origin needs no such list."""
        if self.originator_id is None:
            return dict(changes)
        new = {name for name, value in changes.items() if getattr(self, name) != value}
        return {**changes, "edited_here": tuple(sorted({*self.edited_here, *new}))}

    def _taken_over(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Select what an import changes; one without an `origin_version` overwrites corrections.

        With the version of the last import, corrected fields stay as they are.

        Raises:
            OriginVersionConflict: another version would overwrite corrected fields; names all of them.
        """
        version = changes.get("origin_version")
        corrected = [name for name in self.edited_here if name in changes and getattr(self, name) != changes[name]]
        if version is None:
            corrected = []
        elif corrected and version != self.origin_version:
            message = f"corrected here since version {self.origin_version} was taken over"
            errors = [wrong_field(name, OriginVersionConflict.code, message) for name in corrected]
            raise OriginVersionConflict(f"Fields were {message}.", {"errors": errors})
        taken = {name: value for name, value in changes.items() if name not in corrected}
        return {**taken, "edited_here": tuple(name for name in self.edited_here if name not in taken)}
