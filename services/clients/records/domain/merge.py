"""Merge records of one type: the survivor takes over the others (DUP-02).

The survivor first copies the others, each with its version; then each of them is replaced, if that is still its
version; then the survivor absorbs the copies of those that were replaced. So nothing is lost wherever that stops, and
any process can complete it. A record that is taking over others cannot be replaced itself, or two concurrent merges
could replace each other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeVar, cast

from crm_contracts.clients import ClientMergeRequested
from crm_contracts.companies import CompanyState
from crm_contracts.contacts import ContactState
from crm_contracts.elements import ElementType
from crm_contracts.envelope import Event
from crm_contracts.requisites import Requisite
from crm_contracts.values import ElementRef, Fields, Value
from pydantic import Field

from services.clients.records.domain.employment import MAX_COMPANIES
from services.clients.records.domain.errors import MergeConflict, MergeRunning, NotMergeable
from services.clients.records.domain.import_guard import ImportGuard
from services.clients.records.domain.merge_fields import MAX_ENTRIES, SELLER_FLAGS, check_resolution, merged_fields
from services.clients.records.domain.requisites import MAX_REQUISITES, RequisiteOwner
from shared.elements.domain.responsible import HasResponsible
from shared.kit.domain import MAX_EVENT_BYTES, change_fields

MAX_OTHERS: Final = 20
MAX_BYTES: Final = MAX_EVENT_BYTES // 2 - 16 * 1024
"""Of all records together, so that the event about the merge is never too large."""

S = TypeVar("S", bound=ContactState | CompanyState)
M = TypeVar("M", bound=Value)


class Part(Value, Generic[S]):
    """A copy of one of the others."""

    ref: ElementRef
    version: int
    state: S


class Merge(Value, Generic[S]):
    """A merge under way."""

    id: str
    parts: tuple[Part[S], ...]
    resolution: dict[str, str] = Field(default_factory=dict)


class Mergeable(RequisiteOwner, HasResponsible, ImportGuard, Generic[S]):
    """A record that can take over others of its type, or be replaced by one."""

    TYPE: ClassVar[ElementType]
    merging: Merge[S] | None = None
    merged_into: str | None = None
    lead_id: str | None = None

    @property
    def state(self) -> S:
        """All that may be known of it."""
        raise NotImplementedError

    @property
    def gone_details(self) -> Mapping[str, str]:
        """The record that it was merged into, if any."""
        return {"merged_into": self.merged_into} if self.merged_into else {}

    def begin_merge(
        self, merge_id: str, others: Sequence["Mergeable[S]"], resolution: Mapping[str, str], *, by: str, at: datetime
    ) -> None:
        """Copy the others; the same merge again changes nothing.

        Args:
            merge_id: of this merge alone.
            others: of the same type, as they were read.
            resolution: for fields in which the records differ, the id of the one whose value counts.
            by: the actor.
            at: UTC.

        Raises:
            ResolutionNotValid: names every field that does not fit.
            MergeConflict: names every field in which filled values differ and no resolution names which counts.
            MergeRunning: this record is in another merge.
            NotMergeable: one of them is a seller of ours, or together they are too large.
        """
        if self.merging is not None and self.merging.id == merge_id:
            return
        self.check_no_merge_running()
        records: list[Mergeable[S]] = [self, *others]
        check_resolution(self.TYPE.fields, records, resolution)
        _check_mergeable(records)
        merged, differences = merged_fields(self.TYPE.fields, records, resolution)
        if differences:
            conflicts = [each.model_dump(mode="json") for each in differences]
            raise MergeConflict("The records differ; say whose values count.", {"conflicts": conflicts})
        if excess := _excess(merged, [record.state for record in records]):
            raise NotMergeable(excess)
        merge, part = _of(Merge, self.TYPE.state), _of(Part, self.TYPE.state)
        parts = tuple(part(ref=other.ref, version=other.version, state=other.state) for other in others)
        self.merging = merge(id=merge_id, parts=parts, resolution=dict(resolution))
        self._touch(by, at)
        refs = tuple(other.ref for other in others)
        self.record(ClientMergeRequested(survivor=self.ref, others=refs, merge_id=merge_id))

    def end_in(self, survivor: ElementRef, *, by: str, at: datetime) -> None:
        """Become the tombstone of a merge; only the event keeps what was known of the record.

        Its origin stays, so that the next import does not create it again (CMN-14).

        Raises:
            MergeRunning: it is taking over others itself.
        """
        self.check_no_merge_running()
        replaced = self._replaced(survivor)
        origin = self.originator_id, self.origin_id
        self._clear(by, at)
        self.originator_id, self.origin_id = origin
        self.merged_into = survivor.id
        self.record(replaced)

    def finish_merge(self, merge_id: str, replaced: Collection[str], *, by: str, at: datetime) -> None:
        """Absorb the copies of those that were replaced and forget the rest; another merge changes nothing."""
        merge = self.merging
        if merge is None or merge.id != merge_id:
            return
        self.merging = None
        parts = [part for part in merge.parts if part.ref.id in replaced]
        if parts:
            states: list[S] = [part.state for part in parts]
            fields = self.TYPE.fields
            merged, _ = merged_fields(fields, [self, *states], merge.resolution)
            before, after = change_fields(self, self._corrected_here(merged), fields) or (fields(), fields())
            theirs = (requisite for state in states for requisite in state.requisites)
            self.requisites = tuple(sorted((*self.requisites, *theirs), key=lambda each: each.sort))
            self.lead_id = self.lead_id or next((state.lead_id for state in states if state.lead_id), None)
            self._join_links(states)
            self._touch(by, at)
            self.record(self._merged(tuple(part.ref for part in parts), before, after))
            self._record_responsible(before)

    def check_no_merge_running(self) -> None:
        """Check that the record may be deleted, be replaced, or begin another merge.

        Raises:
            MergeRunning: it is taking over others.
        """
        if self.merging is not None:
            raise MergeRunning("This record is taking over others just now.")

    def check_room(self) -> None:
        """Check that what a running merge is going to add still fits.

        Raises:
            MergeRunning: the record has grown too large for the others; it may grow when the merge is complete.
        """
        if self.merging is not None:
            states: list[S] = [self.state, *(part.state for part in self.merging.parts)]
            merged, _ = merged_fields(self.TYPE.fields, states, self.merging.resolution)
            if excess := _excess(merged, states):
                raise MergeRunning(f"This record is taking over others just now. {excess}")

    def _set_requisites(self, requisites: Iterable[Requisite], by: str, at: datetime) -> None:
        self.check_no_merge_running()  # a merge has checked that there is room for the requisites of all
        super()._set_requisites(requisites, by, at)

    def _clear(self, by: str, at: datetime) -> None:
        """Reset everything but the id and the number; only the event keeps what was known of the record."""
        for name, info in self.TYPE.fields.model_fields.items():
            setattr(self, name, info.get_default(call_default_factory=True))
        self.originator_id = self.origin_id = None
        self.requisites = ()
        self.deleted_at = at
        self._touch(by, at)

    # The event of each change, named by each type.

    def _replaced(self, survivor: ElementRef) -> Event:
        raise NotImplementedError

    def _merged(self, removed: tuple[ElementRef, ...], before: Fields, after: Fields) -> Event:
        raise NotImplementedError

    def _join_links(self, states: Sequence[S]) -> None:
        """Take over links of the others, where this type has links of its own."""


def _of(model: type[M], state: type[Fields]) -> type[M]:
    """Return the model for one type of state, which is what a stored one is read as."""
    return cast("type[M]", model.__class_getitem__(state))


def _check_mergeable(records: Sequence[Mergeable[S]]) -> None:
    if any(getattr(record, name, False) for record in records for name in SELLER_FLAGS):
        raise NotMergeable("A seller of ours is merged with nobody.")
    ids = [requisite.id for record in records for requisite in record.requisites]
    if len(ids) > MAX_REQUISITES:
        raise NotMergeable(f"Together they have more than {MAX_REQUISITES} requisites.")
    if len(set(ids)) < len(ids):
        raise NotMergeable("Two of them have requisites of the same id.")


def _excess(merged: Mapping[str, Any], states: Sequence[ContactState | CompanyState]) -> str | None:
    """Say what the merged record would have too much of, if anything."""
    for name, most in sorted(MAX_ENTRIES.items()):
        if len(merged.get(name, ())) > most:
            return f"Together they have more than {most} {name}."
    links = (link for state in states if isinstance(state, ContactState) for link in state.companies)
    if len({link.company_id for link in links}) > MAX_COMPANIES:
        return f"Together they work for more than {MAX_COMPANIES} companies."
    if sum(len(state.model_dump_json().encode()) for state in states) > MAX_BYTES:
        return "Together they are too large."
    return None
