"""The Client field under any sequence of what people and answers do to it (CLI-06, CLI-07)."""

from contextlib import suppress

from crm_contracts.client_answers import CheckedContact
from crm_contracts.client_field import Client
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shared.elements.domain.client_answers import attach_contacts, check_contacts, refuse_company
from shared.elements.domain.client_field import (
    LinkedDifferently,
    NewContactLink,
    add_contact,
    remove_contact,
    set_company,
    set_contacts,
)
from tests.builders.values import company_ref, contact_ref

PEOPLE = ("ada", "bob", "dan", "eve", "sam", "zoe")
WORK = {"acme": ("ada", "bob", "sam"), "bell": ("dan", "sam"), "core": (), "dune": ("eve",)}
ZOE = "zoe"
wishes = st.builds(
    NewContactLink, st.sampled_from(PEOPLE), sort=st.none() | st.integers(0, 50), is_primary=st.booleans()
)


class ClientField(RuleBasedStateMachine):
    """Remembers, beside the field itself, whom somebody has touched, what was asked, and which company is confirmed."""

    questions = Bundle("questions")

    @initialize()
    def empty(self) -> None:
        self.client = Client()
        self.touched: set[str] = set()
        self.confirmed: str | None = None

    @property
    def question(self) -> tuple[int, str | None]:
        """What was asked last: by its number, and about which company, if about one."""
        company = self.client.company if self.client.asks_for_company else None
        return self.client.link_no, company.id if company else None

    @rule(target=questions, company_id=st.sampled_from(sorted(WORK)), auto=st.booleans())
    def link(self, company_id: str, *, auto: bool) -> tuple[int, str | None]:
        self.client = set_company(self.client, company_id, auto_link_contacts=auto)
        return self.question

    @rule(target=questions)
    def clear(self) -> tuple[int, str | None]:
        had_company = self.client.company is not None
        self.client = set_company(self.client, None)
        assert self.client.company is None
        self.confirmed = None
        if had_company:
            self.touched |= self._linked()
        return self.question

    @rule(question=questions)
    def answer(self, question: tuple[int, str | None]) -> None:
        """Late and doubled answers included: a question stays in the bundle. Nobody is called Zoe."""
        link_no, company_id = question
        before = self.client
        asked = [CheckedContact(contact_id=id_, contact=contact_ref(id_) if id_ != ZOE else None) for id_ in PEOPLE]
        check = check_contacts(before, link_no=link_no, checked=asked)
        counts = link_no == before.link_no and before.link_state == "pending"
        assert (check is not None) == counts
        if check is None:
            return
        assert not check.client.pending_contacts
        assert {ref.id for ref in check.refused} == {ZOE} & set(before.pending_contacts)
        self.client = check.client
        if not before.asks_for_company:
            assert self.client.link_state == ("refused" if check.refused else "done")
            return
        assert company_id is not None
        self._attach(link_no, company_id)

    def _attach(self, link_no: int, company_id: str) -> None:
        before, people = self.client, WORK[company_id]
        found = attach_contacts(
            before,
            link_no=link_no,
            company=company_ref(company_id),
            contacts=tuple(contact_ref(id_, None) for id_ in people),
            truncated=False,
        )
        assert found is not None
        self.client = found.client
        self.confirmed = company_id
        assert self.touched & {link.contact_id for link in before.contacts} <= self._linked()
        assert not before.auto_link_contacts or set(people) <= self._linked()
        assert {link.auto_linked_from for link in self.client.contacts} <= {None, company_id}
        assert self._linked() <= self.touched | set(people)
        assert {ref.id for ref in found.attached} == self._linked() - {link.contact_id for link in before.contacts}
        assert {ref.id for ref in found.detached} == {link.contact_id for link in before.contacts} - self._linked()
        primary = before.contact_id
        assert primary not in self._linked() or self.client.contact_id == primary

    @rule(question=consumes(questions))
    def refuse(self, question: tuple[int, str | None]) -> None:
        link_no, _ = question
        refused = refuse_company(self.client, link_no=link_no, code="company_not_found")
        if refused is not None:
            assert refused.contacts == self.client.contacts
            assert (refused.company and refused.company.id) == self.confirmed
            self.client = refused

    @rule(target=questions, wish=wishes)
    def add(self, wish: NewContactLink) -> tuple[int, str | None]:
        if wish.contact_id not in self._linked():
            self.touched.add(wish.contact_id)
        with suppress(LinkedDifferently):
            self.client = add_contact(self.client, wish)
        return self.question

    @rule(contact_id=st.sampled_from(PEOPLE))
    def remove(self, contact_id: str) -> None:
        self.client = remove_contact(self.client, contact_id)
        assert contact_id not in self._linked()

    @rule(target=questions, wanted=st.lists(wishes, max_size=4))
    def set_list(self, wanted: list[NewContactLink]) -> tuple[int, str | None]:
        self.client = set_contacts(self.client, wanted)
        assert self._linked() == {wish.contact_id for wish in wanted}
        self.touched |= self._linked()
        return self.question

    @invariant()
    def exactly_one_is_primary(self) -> None:
        if hasattr(self, "client"):
            assert sum(link.is_primary for link in self.client.contacts) == bool(self.client.contacts)

    @invariant()
    def nobody_is_linked_twice(self) -> None:
        if hasattr(self, "client"):
            assert len(self._linked()) == len(self.client.contacts)
            self.touched &= self._linked()

    def _linked(self) -> set[str]:
        return {link.contact_id for link in self.client.contacts}


def test_the_client_field_keeps_its_rules_whatever_is_done_to_it() -> None:
    """CLI-06, CLI-07."""
    run_state_machine_as_test(ClientField, settings=settings(max_examples=60, stateful_step_count=25, deadline=None))
