"""What contacts and companies share: creation, correction, import and deletion (CMN-10, CMN-14, COMP-10).

Each type names its own events in hooks of one line, and its own rules in `_apply_rules`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Self, TypeVar, cast

from crm_contracts.envelope import Event
from crm_contracts.values import ElementRef, Fields
from pydantic import computed_field

from services.clients.records.domain.merge import Mergeable, S
from shared.elements.domain.client_names import Names
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.room import check_fields
from shared.kit.domain import change_fields


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the installation gives a new record that does not say otherwise.

    Attributes:
        currency: the base currency.
        open_to_all: whether it is open to all (CMN-09).
    """

    currency: str
    open_to_all: bool = True


class ClientRecord(Mergeable[S], Generic[S]):
    """A contact or a company."""

    @computed_field  # type: ignore[prop-decorator] # stored, so that lists find it
    @property
    def access(self) -> tuple[str, ...]:
        """Marks by which lists find the records that a user has rights to (PERM-04)."""
        return Accessed.of(self).marks

    @property
    def linked_companies(self) -> tuple[ElementRef, ...]:
        """Companies that an answer about it names; none by default."""
        return ()

    def with_company_names(self, names: Names, *, hides_others: bool = False) -> Self:
        """Copy it for an answer, with the current names of these companies; without those of others, where hidden."""
        del names, hides_others
        return self

    @classmethod
    def defaults(cls, given: Defaults) -> dict[str, Any]:
        """Return what the fields without a dictionary are where a new record does not say."""
        return {"open_to_all": given.open_to_all}

    @classmethod
    def create(
        cls,
        id_: str,
        number: int,
        fields: Mapping[str, Any],
        *,
        by: str,
        at: datetime,
        origin: tuple[str, str] | None = None,
        link_to: ElementRef | None = None,
        **given: Any,
    ) -> Self:
        """Create a record with these fields, and with what is given of its state besides, such as `requisites`.

        `link_to` is the element that it is created from and is to be linked to (CLI-05).

        Raises:
            NameMissing: neither a name nor a title (CONT-01, COMP-01).
            NotOurs: a client as the default seller (COMP-08).
        """
        originator_id, origin_id = origin or (None, None)
        record = cls(
            **fields,
            **given,
            id=id_,
            number=number,
            originator_id=originator_id,
            origin_id=origin_id,
            created_at=at,
            created_by=by,
            updated_at=at,
            updated_by=by,
        )
        record._apply_rules()
        record.record(record._created(link_to))
        return record

    @property
    def state(self) -> S:
        """All that may be known of it."""
        state = self.TYPE.state
        return cast("S", state.model_construct(**{name: getattr(self, name) for name in state.model_fields}))

    def correct(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Change fields; equal values change nothing and record no event.

        Raises:
            NameMissing: neither a name nor a title would be left.
            NotOurs: a client would be the default seller.
        """
        self._change(self._corrected_here(changes), by, at)

    def take_over(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Change fields to the values of another system, `origin_version` among them (CMN-14).

        Raises:
            NameMissing: neither a name nor a title would be left.
            NotOurs: a client would be the default seller.
            OriginVersionConflict: it would overwrite what was corrected here (CONT-08).
        """
        self._change(self._taken_over(changes), by, at)

    def delete(self, *, by: str, at: datetime) -> None:
        """Become a tombstone (COMP-10).

        Raises:
            MergeRunning: it is taking over others (DUP-02).
        """
        self.check_no_merge_running()
        deleted = self._deleted()
        self._clear(by, at)
        self.record(deleted)

    def _change(self, changes: Mapping[str, Any], by: str, at: datetime) -> None:
        changed = change_fields(self, changes, self.TYPE.fields)
        if changed:
            check_fields(self.TYPE.fields, self, changes, before=changed[0])
            self._apply_rules()
            self.check_room()
            self._touch(by, at)
            self.record(self._updated(*changed))
            self._record_responsible(changed[0])

    def _apply_rules(self) -> None:
        """Check what the type requires of its fields."""

    # The event of each change, named by each type.

    def _created(self, link_to: ElementRef | None) -> Event:
        raise NotImplementedError

    def _updated(self, before: Fields, after: Fields) -> Event:
        raise NotImplementedError

    def _deleted(self) -> Event:
        raise NotImplementedError


C = TypeVar("C", bound=ClientRecord[Any])
