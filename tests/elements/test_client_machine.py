"""The Client field under any sequence of what people and answers do to it (CLI-06, CLI-07)."""

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

from shared.elements.domain.client_field import (
    NewContactLink,
    add_contact,
    attach_contacts,
    refuse_company,
    remove_contact,
    set_company,
    set_contacts,
)
from tests.builders.values import company_ref, contact_ref

PEOPLE = ("ada", "bob", "dan", "eve", "sam", "zoe")
WORK = {"acme": ("ada", "bob", "sam"), "bell": ("dan", "sam"), "core": (), "dune": ("zoe",)}
wishes = st.builds(
    NewContactLink, st.sampled_from(PEOPLE), sort=st.none() | st.integers(0, 50), is_primary=st.booleans()
)


class ClientField(RuleBasedStateMachine):
    """Remembers, beside the field itself, only whom somebody has touched and what was asked."""

    questions = Bundle("questions")

    @initialize()
    def empty(self) -> None:
        self.client = Client()
        self.touched: set[str] = set()
        self.settled: set[int] = set()

    @rule(target=questions, company_id=st.sampled_from(sorted(WORK)), auto=st.booleans())
    def link(self, company_id: str, *, auto: bool) -> tuple[int, str]:
        self.client = set_company(self.client, company_id, auto_link_contacts=auto)
        return self.client.link_no, company_id

    @rule()
    def clear(self) -> None:
        had_company = self.client.company is not None
        self.client = set_company(self.client, None)
        assert self.client.company is None
        if had_company:
            self.touched |= self._linked()

    @rule(question=questions)
    def answer(self, question: tuple[int, str]) -> None:
        """Late and doubled answers included: a question stays in the bundle."""
        link_no, company_id = question
        before, people = self.client, WORK[company_id]
        found = attach_contacts(
            before,
            link_no=link_no,
            company=company_ref(company_id),
            contacts=tuple(contact_ref(id_, None) for id_ in people),
            truncated=False,
        )
        counts = link_no == before.link_no and link_no not in self.settled and before.company is not None
        assert (found is not None) == counts
        if found is None:
            return
        self.settled.add(link_no)
        self.client = found.client
        assert self.touched & {link.contact_id for link in before.contacts} <= self._linked()
        assert not before.auto_link_contacts or set(people) <= self._linked()
        assert {link.auto_linked_from for link in self.client.contacts} <= {None, company_id}
        assert self._linked() <= self.touched | set(people)
        assert {ref.id for ref in found.attached} == self._linked() - {link.contact_id for link in before.contacts}
        assert {ref.id for ref in found.detached} == {link.contact_id for link in before.contacts} - self._linked()
        primary = before.contact_id
        assert primary not in self._linked() or self.client.contact_id == primary

    @rule(question=consumes(questions))
    def refuse(self, question: tuple[int, str]) -> None:
        link_no, _ = question
        refused = refuse_company(self.client, link_no=link_no, code="company_not_found")
        if refused is not None:
            assert refused.contacts == self.client.contacts
            self.client = refused
            self.settled.add(link_no)

    @rule(wish=wishes)
    def add(self, wish: NewContactLink) -> None:
        if wish.contact_id not in self._linked():
            self.touched.add(wish.contact_id)
        self.client = add_contact(self.client, wish)

    @rule(contact_id=st.sampled_from(PEOPLE))
    def remove(self, contact_id: str) -> None:
        self.client = remove_contact(self.client, contact_id)
        assert contact_id not in self._linked()

    @rule(wanted=st.lists(wishes, max_size=4))
    def set_list(self, wanted: list[NewContactLink]) -> None:
        self.client = set_contacts(self.client, wanted)
        assert self._linked() == {wish.contact_id for wish in wanted}
        self.touched |= self._linked()

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
