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

    def kept(self, changes: Mapping[str, Any]) -> list[str]:
        """List the fields that stayed as they were corrected here, though an import has them otherwise."""
        return [name for name in self.edited_here if name in changes and getattr(self, name) != changes[name]]

    def _taken_over(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Select what an import changes; one without an `origin_version` overwrites corrections.

        With the version of the last import, corrected fields stay as they are, and count as corrected: the other system
        has nothing new. They do, too, where an import without a version has them as they are.

        Raises:
            OriginVersionConflict: another version would overwrite corrected fields; names all of them.
        """
        version = changes.get("origin_version")
        if version is not None and version == self.origin_version:
            return {name: value for name, value in changes.items() if name not in self.edited_here}
        overwritten = self.kept(changes)
        if version is None:
            left = tuple(name for name in self.edited_here if name not in overwritten)
            return {**changes, "edited_here": left}
        if overwritten:
            message = f"corrected here since version {self.origin_version} was taken over"
            errors = [wrong_field(name, OriginVersionConflict.code, message) for name in overwritten]
            raise OriginVersionConflict(f"Fields were {message}.", {"errors": errors})
        return {**changes, "edited_here": tuple(name for name in self.edited_here if name not in changes)}
