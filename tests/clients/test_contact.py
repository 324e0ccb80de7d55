"""The rule book of a contact, its companies above all."""

from typing import Any

import pytest
from crm_contracts.contacts import ContactCreated, ContactLinked, ContactUnlinked, ContactUpdated
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from services.clients.records.domain.contact import Contact
from services.clients.records.domain.errors import NameMissing, PrimaryNeeded
from tests.builders.causes import ANNA, NOON, later
from tests.builders.clients import a_contact, just_created_contact, works_for
from tests.builders.values import company_ref


def link(contact: Contact, company_id: str, *, is_primary: bool | None = None, position: int = 10) -> None:
    contact.link(company_ref(company_id), position=position, is_primary=is_primary, by="user:bob", at=later(5))


def companies(contact: Contact) -> list[tuple[str, int, bool]]:
    return [(link.company_id, link.sort, link.is_primary) for link in contact.companies]


@pytest.mark.parametrize("name", [{"first_name": "Ada"}, {"last_name": "Lovelace"}])
def test_a_contact_needs_a_first_or_a_last_name(name: dict[str, str]) -> None:
    """CONT-01."""
    fields: dict[str, Any] = {"first_name": None, "last_name": None, **name}
    contact = just_created_contact(**fields)
    assert contact.recorded == (ContactCreated(contact=contact.state),)
    assert contact.ref.title == contact.full_name


def test_a_contact_without_any_name_is_refused_and_both_fields_are_named() -> None:
    """CONT-01."""
    with pytest.raises(NameMissing) as refused:
        a_contact(first_name="", last_name=None)
    assert [error["field"] for error in refused.value.details["errors"]] == ["first_name", "last_name"]


def test_a_contact_cannot_lose_its_last_name_of_all() -> None:
    """CONT-01."""
    contact = a_contact(last_name=None)
    with pytest.raises(NameMissing):
        contact.correct({"first_name": None}, by=ANNA, at=NOON)


def test_a_correction_tells_only_what_changed() -> None:
    """CONT-01."""
    contact = a_contact()
    contact.correct({"first_name": "Ada", "position": "Engineer"}, by="user:bob", at=later(5))
    (event,) = contact.recorded
    assert isinstance(event, ContactUpdated)
    assert event.after.model_fields_set == {"position"}
    assert (contact.updated_at, contact.updated_by) == (later(5), "user:bob")


def test_a_correction_that_changes_nothing_is_no_correction() -> None:
    contact = a_contact()
    contact.correct({"first_name": "Ada"}, by="user:bob", at=later(5))
    assert (contact.recorded, contact.updated_by) == ((), ANNA)


def test_the_first_company_is_primary_and_later_ones_go_last() -> None:
    """COMP-04, CLI-06."""
    contact = a_contact()
    link(contact, "acme")
    link(contact, "bell")
    assert companies(contact) == [("acme", 10, True), ("bell", 20, False)]
    assert contact.recorded == (
        ContactLinked(contact=contact.ref, company=company_ref("acme"), companies=contact.companies[:1]),
        ContactLinked(contact=contact.ref, company=company_ref("bell"), companies=contact.companies),
    )


def test_a_new_primary_company_takes_the_place_of_the_old_one() -> None:
    """COMP-04, CLI-06."""
    contact = a_contact("ada", works_for("acme", is_primary=True))
    link(contact, "bell", is_primary=True)
    assert companies(contact) == [("acme", 10, False), ("bell", 20, True)]
    link(contact, "acme", is_primary=True)
    assert companies(contact) == [("acme", 10, True), ("bell", 20, False)]


@pytest.mark.parametrize("is_primary", [None, True])
def test_linking_the_primary_company_again_changes_nothing(*, is_primary: bool | None) -> None:
    """COMP-04, CLI-06."""
    contact = a_contact("ada", works_for("acme", is_primary=True))
    link(contact, "acme", is_primary=is_primary)
    assert (contact.recorded, contact.updated_by) == ((), ANNA)


def test_the_primary_company_stays_so_until_another_one_is() -> None:
    """CONT-07, CLI-06."""
    contact = a_contact("ada", works_for("acme", is_primary=True), works_for("bell", sort=20))
    with pytest.raises(PrimaryNeeded):
        link(contact, "acme", is_primary=False)
    assert contact.recorded == ()


def test_without_its_primary_company_the_first_remaining_one_is_primary() -> None:
    """COMP-04, CLI-06."""
    contact = a_contact("ada", works_for("acme", is_primary=True), works_for("bell", sort=20))
    contact.unlink("acme", by=ANNA, at=NOON)
    assert companies(contact) == [("bell", 20, True)]
    (event,) = contact.recorded
    assert isinstance(event, ContactUnlinked)
    assert (event.company.id, event.companies) == ("acme", contact.companies)


def test_unlinking_a_company_that_is_not_linked_changes_nothing() -> None:
    """COMP-04."""
    contact = a_contact("ada", works_for("acme", is_primary=True))
    contact.unlink("bell", by=ANNA, at=NOON)
    assert contact.recorded == ()


COMPANIES = st.sampled_from(["acme", "bell", "core", "dune"])


class CompanyLinks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.contact = a_contact()
        self.expected: set[str] = set()

    @rule(company_id=COMPANIES, is_primary=st.none() | st.booleans(), position=st.integers(0, 50))
    def link(self, *, company_id: str, is_primary: bool | None, position: int) -> None:
        was = companies(self.contact)
        if is_primary is False and (company_id, True) in [(id_, primary) for id_, _, primary in was]:
            is_primary = None  # refused
        link(self.contact, company_id, is_primary=is_primary, position=position)
        self.expected.add(company_id)
        if is_primary:
            assert (company_id, True) in [(id_, primary) for id_, _, primary in companies(self.contact)]
        assert len(self.contact.recorded) == (companies(self.contact) != was)
        self.contact._recorded.clear()

    @rule(company_id=COMPANIES)
    def unlink(self, company_id: str) -> None:
        self.contact.unlink(company_id, by=ANNA, at=NOON)
        assert len(self.contact.recorded) == (company_id in self.expected)
        self.contact._recorded.clear()
        self.expected.discard(company_id)

    @invariant()
    def each_company_is_linked_once_and_exactly_one_is_primary(self) -> None:
        assert sorted(link.company_id for link in self.contact.companies) == sorted(self.expected)
        assert sum(link.is_primary for link in self.contact.companies) == bool(self.expected)


def test_the_companies_of_a_contact_keep_their_rules_whatever_is_done_to_them() -> None:
    """COMP-04, CLI-06."""
    run_state_machine_as_test(CompanyLinks, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))
