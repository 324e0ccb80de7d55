"""An element type that is not there yet: its contract and its entry in the registries, as a real one has them."""

from datetime import date
from typing import Annotated, Any, ClassVar

from crm_contracts import elements, registry, topics
from crm_contracts.client_field import Client
from crm_contracts.events import (
    ClientChanged,
    CompanyUnlinked,
    ContactsAttached,
    ContactsChecked,
    Created,
    Deleted,
    ElementEvent,
    RequisitesChosen,
    RowsChanged,
    StageChanged,
    Updated,
)
from crm_contracts.fields import Audited, Identified, Owned, Staged
from crm_contracts.product_rows import Priced
from crm_contracts.requisites import RequisiteLink
from crm_contracts.values import ChangedFields, ElementRef


class QuoteFields(Owned):
    title: str = ""
    valid_until: date | None = None


class QuoteState(QuoteFields, Identified, Staged, Priced, Audited):
    client: Client = Client()
    requisite_link: RequisiteLink = RequisiteLink()
    is_signed: bool = False


class OfQuote(ElementEvent):
    quote: ElementRef

    @property
    def element(self) -> ElementRef:
        return self.quote


class QuoteCreated(Created):
    """A quote was made."""

    ce_type: ClassVar[str] = "crm.quote.created.v1"
    quote: QuoteState

    @property
    def element(self) -> ElementRef:
        return ElementRef(type="quote", id=self.quote.id, title=self.quote.title)

    @property
    def state(self) -> QuoteState:
        return self.quote


class QuoteUpdated(Updated, OfQuote):
    """Fields of a quote changed."""

    ce_type: ClassVar[str] = "crm.quote.updated.v1"
    before: Annotated[QuoteFields, ChangedFields]
    after: Annotated[QuoteFields, ChangedFields]


class QuoteStageChanged(StageChanged, OfQuote):
    """A quote moved."""

    ce_type: ClassVar[str] = "crm.quote.stage_changed.v1"


class QuoteProductRowsChanged(RowsChanged, OfQuote):
    """The rows of a quote changed."""

    ce_type: ClassVar[str] = "crm.quote.product_rows_changed.v1"


class QuoteClientChanged(ClientChanged, OfQuote):
    """The client of a quote changed."""

    ce_type: ClassVar[str] = "crm.quote.client_changed.v1"


class QuoteContactsAttached(ContactsAttached, OfQuote):
    """Contacts were attached to a quote."""

    ce_type: ClassVar[str] = "crm.quote.contacts_attached.v1"


class QuoteContactsChecked(ContactsChecked, OfQuote):
    """Contacts of a quote were confirmed or refused."""

    ce_type: ClassVar[str] = "crm.quote.contacts_checked.v1"


class QuoteCompanyUnlinked(CompanyUnlinked, OfQuote):
    """The company of a quote was refused."""

    ce_type: ClassVar[str] = "crm.quote.company_unlinked.v1"


class QuoteRequisitesChosen(RequisitesChosen, OfQuote):
    """The requisites of a quote changed."""

    ce_type: ClassVar[str] = "crm.quote.requisites_chosen.v1"


class QuoteSigned(OfQuote):
    """A quote was signed: an event of no common kind."""

    ce_type: ClassVar[str] = "crm.quote.signed.v1"
    is_signed: bool


class QuoteDeleted(Deleted, OfQuote):
    """A quote was deleted."""

    ce_type: ClassVar[str] = "crm.quote.deleted.v1"
    before: QuoteState


QUOTE_EVENTS = (
    QuoteCreated,
    QuoteUpdated,
    QuoteStageChanged,
    QuoteProductRowsChanged,
    QuoteClientChanged,
    QuoteCompanyUnlinked,
    QuoteContactsAttached,
    QuoteContactsChecked,
    QuoteRequisitesChosen,
    QuoteSigned,
    QuoteDeleted,
)


def register_quotes() -> None:
    """In an interpreter of its own, before anything reads the registries."""
    traits: frozenset[elements.Trait] = frozenset({"stage", "rows", "client", "requisites"})
    quote = elements.ElementType("quote", "quotes", "deals", QuoteState, QuoteFields, traits)
    registries: Any = registry
    elements.ELEMENTS["quote"] = quote  # type: ignore[index]
    registries.EVENTS.update({event.ce_type: event for event in QUOTE_EVENTS})
    registries.TOPICS.update(dict.fromkeys(QUOTE_EVENTS, (topics.DEALS,)))
