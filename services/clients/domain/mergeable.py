"""A contact or a company, as far as it takes over others of its type, or is taken over (DUP-02).

The survivor first takes copies of the others, each with its version; then each of them ends, if that is still its
version; then the survivor takes over the copies of those that ended. So nothing is lost wherever that stops, and what
was begun can be ended by anybody. The surprise: whoever is taking over others cannot end, or two merges at the same
moment could end each other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeVar

from crm_contracts.clients import ClientMergeRequested
from crm_contracts.companies import CompanyState
from crm_contracts.contacts import ContactState
from crm_contracts.envelope import Event
from crm_contracts.fields import Identified
from crm_contracts.requisites import Requisite
from crm_contracts.values import ElementRef, Fields, Value
from pydantic import Field

from services.clients.domain.errors import MergeConflict, MergeRunning, NotMergeable
from services.clients.domain.imported import corrected_here
from services.clients.domain.merging import MOST, OF_SELLERS, check_resolution, merged_fields
from services.clients.domain.requisites import MAX_REQUISITES, RequisiteOwner
from shared.kit.domain import MAX_EVENT_BYTES, change_fields

MAX_OTHERS: Final = 20
MAX_BYTES: Final = MAX_EVENT_BYTES // 2
"""Of all records batch_handler: the event that tells of the merge is never too large."""

S = TypeVar("S", bound=ContactState | CompanyState)


class Part(Value, Generic[S]):
    """One of the others, as it is to be taken over."""

    ref: ElementRef
    version: int
    state: S


class Merge(Value, Generic[S]):
    """A merge under way."""

    id: str
    parts: tuple[Part[S], ...]
    resolution: dict[str, str] = Field(default_factory=dict)


class Mergeable(RequisiteOwner, Identified, Generic[S]):
    """What a contact and a company have in common when they are merged."""

    FIELDS: ClassVar[type[Fields]]
    merging: Merge[S] | None = None
    merged_into: str | None = None

    @property
    def state(self) -> S:
        """What everybody may see."""
        raise NotImplementedError

    @property
    def gone_details(self) -> Mapping[str, str]:
        """Where to find what was merged into another one."""
        return {"merged_into": self.merged_into} if self.merged_into else {}

    def begin_merge(
        self, merge_id: str, others: Sequence["Mergeable[S]"], resolution: Mapping[str, str], *, by: str, at: datetime
    ) -> None:
        """Take copies of others; the same merge again changes nothing.

        Args:
            merge_id: of this merge alone.
            others: of the same type, as they were read.
            resolution: for fields in which the records differ, the id of the one whose value counts.
            by: the actor.
            at: UTC.

        Raises:
            ResolutionNotValid: naming every field that does not fit.
            MergeConflict: naming every field in which filled values differ and no resolution says which counts.
            MergeRunning: another merge with this survivor.
            NotMergeable: one of them is a seller of ours and another is none, or together they are too large.
        """
        if self.merging is not None and self.merging.id == merge_id:
            return
        self.must_stay()
        records: list[Mergeable[S]] = [self, *others]
        check_resolution(self.FIELDS, records, resolution)
        _check_kin(records)
        merged, differences = merged_fields(self.FIELDS, records, resolution)
        if differences:
            conflicts = [each.model_dump(mode="json") for each in differences]
            raise MergeConflict("The records differ; say whose values count.", {"conflicts": conflicts})
        for name in sorted(name for name, most in MOST.items() if len(merged.get(name, ())) > most):
            raise NotMergeable(f"Together they have more than {MOST[name]} {name}.")
        parts = tuple(Part(ref=other.ref, version=other.version, state=other.state) for other in others)
        self.merging = Merge(id=merge_id, parts=parts, resolution=dict(resolution))
        self.updated_by, self.updated_at = by, at
        self.record(
            ClientMergeRequested(survivor=self.ref, others=tuple(part.ref for part in parts), merge_id=merge_id)
        )

    def end_in(self, survivor: ElementRef, *, by: str, at: datetime) -> None:
        """Make room for the survivor; what was known of it stands in the event of its end alone.

        Its origin stays, so that the next import does not enter it anew (CMN-14).

        Raises:
            MergeRunning: it is taking over others itself.
        """
        self.must_stay()
        ended = self._replaced(survivor)
        origin = self.originator_id, self.origin_id
        self._vanish(self.FIELDS, by, at)
        self.originator_id, self.origin_id = origin
        self.merged_into = survivor.id
        self.record(ended)

    def finish_merge(self, merge_id: str, ended: Collection[str], *, by: str, at: datetime) -> None:
        """Take over those that ended; the rest go on as if nothing had been. Another merge changes nothing."""
        merge = self.merging
        if merge is None or merge.id != merge_id:
            return
        self.merging = None
        parts = [part for part in merge.parts if part.ref.id in ended]
        if parts:
            states: list[S] = [part.state for part in parts]
            merged, _ = merged_fields(self.FIELDS, [self, *states], merge.resolution)
            before, after = change_fields(self, corrected_here(self.state, merged), self.FIELDS) or (
                self.FIELDS(),
                self.FIELDS(),
            )
            theirs = (requisite for state in states for requisite in state.requisites)
            self.requisites = tuple(sorted((*self.requisites, *theirs), key=lambda each: each.sort))
            self._take_links(states)
            self.updated_by, self.updated_at = by, at
            self.record(self._merged(tuple(part.ref for part in parts), before, after))

    def must_stay(self) -> None:
        """It is about to end, or to begin another merge.

        Raises:
            MergeRunning: it is taking over others.
        """
        if self.merging is not None:
            raise MergeRunning("This record is taking over others just now.")

    def _keep(self, requisites: Iterable[Requisite], by: str, at: datetime) -> None:
        self.must_stay()  # it was looked at whether there is room for those of all
        super()._keep(requisites, by, at)

    def _replaced(self, survivor: ElementRef) -> Event:
        raise NotImplementedError

    def _merged(self, removed: tuple[ElementRef, ...], before: Any, after: Any) -> Event:
        raise NotImplementedError

    def _take_links(self, states: Sequence[S]) -> None:
        """Links of the others, where this type has some of its own."""


def _check_kin(records: Sequence[Mergeable[S]]) -> None:
    if any(getattr(record, name, False) for record in records for name in OF_SELLERS):
        raise NotMergeable("A seller of ours is merged with nobody.")
    ids = [requisite.id for record in records for requisite in record.requisites]
    if len(ids) > MAX_REQUISITES:
        raise NotMergeable(f"Together they have more than {MAX_REQUISITES} requisites.")
    if len(set(ids)) < len(ids):
        raise NotMergeable("Two of them have requisites of the same id.")
    if sum(len(record.state.model_dump_json().encode()) for record in records) > MAX_BYTES:
        raise NotMergeable("Together they are too large.")
