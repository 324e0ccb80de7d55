"""The Client field, rule by rule (CLI-06, CLI-07)."""

from itertools import pairwise

import pytest
from crm_contracts.client_field import Client
from crm_contracts.values import ElementRef
from hypothesis import given
from hypothesis import strategies as st

from shared.elements.domain.client_answers import Attachment, attach_contacts, refuse_company
from shared.elements.domain.client_field import (
    MAX_CONTACTS,
    LinkedDifferently,
    NewContactLink,
    add_contact,
    remove_contact,
    set_company,
    set_contacts,
    with_resolved,
)
from tests.builders.values import a_client, a_link, company_ref, contact_ref

ADA, BOB, EVE, DAN = (NewContactLink(name) for name in ("ada", "bob", "eve", "dan"))


def linked(client: Client) -> list[str]:
    return [link.contact_id for link in client.contacts]


def answer(client: Client, company_id: str, *contact_ids: str, link_no: int | None = None) -> Attachment | None:
    return attach_contacts(
        client,
        link_no=client.link_no if link_no is None else link_no,
        company=company_ref(company_id),
        contacts=tuple(contact_ref(id_, id_.title()) for id_ in contact_ids),
        truncated=False,
    )


def answered(client: Client, company_id: str, *contact_ids: str) -> Client:
    found = answer(client, company_id, *contact_ids)
    assert found is not None
    return found.client


def test_without_a_flag_the_first_contact_is_primary() -> None:
    """CLI-06."""
    client = set_contacts(Client(), [ADA, BOB])
    assert client.contact_id == "ada"
    assert [link.is_primary for link in client.contacts] == [True, False]


def test_of_many_flagged_contacts_the_first_is_primary() -> None:
    """CLI-06."""
    client = set_contacts(
        Client(), [ADA, NewContactLink("bob", is_primary=True), NewContactLink("eve", is_primary=True)]
    )
    assert client.contact_id == "bob"
    assert sum(link.is_primary for link in client.contacts) == 1


def test_the_order_of_a_list_is_kept_in_steps_of_ten() -> None:
    """CLI-06."""
    client = set_contacts(Client(), [ADA, BOB, EVE])
    assert [(link.contact_id, link.sort) for link in client.contacts] == [("ada", 10), ("bob", 20), ("eve", 30)]


def test_a_given_sort_decides_the_order() -> None:
    """CLI-06."""
    assert linked(set_contacts(Client(), [NewContactLink("ada", sort=50), NewContactLink("bob", sort=5)])) == [
        "bob",
        "ada",
    ]


def test_a_list_replaces_the_whole_list_and_keeps_the_known_titles() -> None:
    """CLI-06."""
    client = answered(set_company(Client(), "acme"), "acme", "ada", "bob")
    client = set_contacts(client, [EVE, ADA])
    assert [(link.contact_id, link.title) for link in client.contacts] == [("eve", None), ("ada", "Ada")]


def test_a_contact_named_twice_in_a_list_is_linked_once() -> None:
    """CLI-06."""
    assert linked(set_contacts(Client(), [ADA, BOB, ADA])) == ["ada", "bob"]


def test_one_more_contact_goes_last_and_leaves_the_primary() -> None:
    """CLI-06."""
    client = add_contact(a_client("ada", "bob"), EVE)
    assert (linked(client), client.contacts[-1].sort, client.contact_id) == (["ada", "bob", "eve"], 30, "ada")


def test_one_more_contact_may_take_over_as_primary() -> None:
    """CLI-06."""
    client = add_contact(a_client("ada"), NewContactLink("bob", is_primary=True))
    assert client.contact_id == "bob"


def test_adding_a_linked_contact_changes_nothing() -> None:
    """CLI-06."""
    client = a_client("ada", "bob")
    assert add_contact(client, BOB) is client
    assert add_contact(client, NewContactLink("bob", is_primary=False, role_id=0, sort=20)) is client


def test_adding_a_linked_contact_differently_is_refused_and_each_difference_is_named() -> None:
    """CLI-06."""
    with pytest.raises(LinkedDifferently) as refused:
        add_contact(a_client("ada", "bob"), NewContactLink("bob", is_primary=True, role_id=7, sort=1))
    assert [error["field"] for error in refused.value.details["errors"]] == ["sort", "is_primary", "role_id"]


def test_without_the_primary_the_first_remaining_contact_is_primary() -> None:
    """CLI-06."""
    client = remove_contact(a_client("ada", "bob", "eve"), "ada")
    assert (linked(client), client.contact_id) == (["bob", "eve"], "bob")


def test_without_any_contact_there_is_no_primary() -> None:
    """CLI-06."""
    client = remove_contact(a_client("ada"), "ada")
    assert (client.contacts, client.contact_id) == ((), None)


def test_removing_a_stranger_changes_nothing() -> None:
    """CLI-06."""
    assert remove_contact(a_client("ada"), "bob") == a_client("ada")


def test_a_new_company_is_only_asked_for() -> None:
    """CLI-07."""
    client = set_company(Client(), "acme")
    assert (client.company, client.link_no, client.link_state) == (ElementRef(type="company", id="acme"), 1, "pending")
    assert client.contacts == ()


def test_the_company_that_is_linked_already_is_not_asked_for_again() -> None:
    """CLI-07."""
    pending = set_company(Client(), "acme")
    settled = answered(pending, "acme", "ada")
    assert set_company(pending, "acme") == pending
    assert set_company(settled, "acme") == settled


def test_each_set_and_each_clear_of_the_company_raises_the_link_number() -> None:
    """CLI-07."""
    states = [Client()]
    for company_id in ("acme", "bell", None, "acme"):
        states.append(set_company(states[-1], company_id))
    assert all(after.link_no == before.link_no + 1 for before, after in pairwise(states))


def test_the_answer_attaches_all_contacts_of_the_company_in_their_order() -> None:
    """CLI-07."""
    found = answer(set_company(Client(), "acme"), "acme", "ada", "bob")
    assert found is not None
    assert found.client.link_state == "done"
    assert found.client.company == company_ref("acme")
    assert found.client.contacts == (
        a_link("ada", sort=10, is_primary=True, auto_linked_from="acme").model_copy(update={"title": "Ada"}),
        a_link("bob", sort=20, auto_linked_from="acme").model_copy(update={"title": "Bob"}),
    )
    assert (found.attached, found.detached) == ((contact_ref("ada", "Ada"), contact_ref("bob", "Bob")), ())


def test_an_existing_primary_is_kept_and_nobody_is_linked_twice() -> None:
    """CLI-07."""
    client = answered(set_company(a_client("eve", "ada"), "acme"), "acme", "ada", "bob")
    assert (linked(client), client.contact_id) == (["eve", "ada", "bob"], "eve")


def test_contacts_of_the_old_company_that_nobody_touched_leave_with_it() -> None:
    """CLI-07."""
    client = answered(set_company(a_client("eve"), "acme"), "acme", "ada", "bob")
    found = answer(set_company(client, "bell"), "bell", "dan")
    assert found is not None
    assert linked(found.client) == ["eve", "dan"]
    assert [ref.id for ref in found.detached] == ["ada", "bob"]
    assert [ref.id for ref in found.attached] == ["dan"]


def test_until_the_answer_comes_the_old_contacts_stay() -> None:
    """CLI-07."""
    client = answered(set_company(Client(), "acme"), "acme", "ada")
    assert linked(set_company(client, "bell")) == ["ada"]


def test_a_primary_that_left_with_its_company_is_followed_by_the_new_company_s_first_contact() -> None:
    """CLI-07."""
    client = answered(set_company(Client(), "acme"), "acme", "ada")
    client = answered(set_company(add_contact(client, EVE), "bell"), "bell", "dan")
    assert (linked(client), client.contact_id) == (["eve", "dan"], "dan")


def test_a_contact_of_both_companies_stays_as_it_is_and_is_told_neither_as_gone_nor_as_new() -> None:
    """CLI-07."""
    client = answered(set_company(Client(), "acme"), "acme", "bob", "ada")
    found = answer(set_company(client, "bell"), "bell", "dan", "bob")
    assert found is not None
    assert (linked(found.client), found.client.contact_id) == (["bob", "dan"], "bob")
    assert [ref.id for ref in found.attached] == ["dan"]
    assert [ref.id for ref in found.detached] == ["ada"]
    gone = answered(set_company(found.client, "acme"), "acme", "ada")
    assert linked(gone) == ["ada"]


@pytest.mark.parametrize("touch", ["listed", "kept by a clear"])
def test_a_contact_that_somebody_touched_does_not_leave_with_its_company(touch: str) -> None:
    """CLI-07."""
    client = answered(set_company(Client(), "acme"), "acme", "ada")
    client = set_contacts(client, [ADA]) if touch == "listed" else set_company(client, None)
    client = answered(set_company(client, "bell"), "bell", "dan")
    assert linked(client) == ["ada", "dan"]


def test_clearing_the_company_keeps_its_contacts() -> None:
    """CLI-07."""
    client = set_company(answered(set_company(Client(), "acme"), "acme", "ada", "bob"), None)
    assert (client.company, client.link_state, linked(client)) == (None, "none", ["ada", "bob"])


def test_switched_off_no_contact_comes_with_the_company_but_the_old_ones_go() -> None:
    """CLI-07."""
    client = answered(set_company(Client(), "acme"), "acme", "ada")
    client = answered(set_company(client, "bell", auto_link_contacts=False), "bell", "dan", "ada")
    assert (linked(client), client.auto_link_contacts, client.link_state) == ([], False, "done")


def test_an_answer_to_another_link_changes_nothing() -> None:
    """CLI-07."""
    client = set_company(set_company(Client(), "acme"), "bell")
    assert answer(client, "acme", "ada", link_no=1) is None
    assert refuse_company(client, link_no=1, code="company_not_found") is None


def test_an_answer_counts_once() -> None:
    """CLI-07."""
    client = answered(set_company(Client(), "acme"), "acme", "ada")
    assert answer(client, "acme", "ada", "bob") is None
    assert refuse_company(client, link_no=1, code="company_not_found") is None


def test_at_most_500_contacts_come_with_a_company_and_the_field_says_that_there_are_more() -> None:
    """CLI-07."""
    many = [f"contact-{n}" for n in range(MAX_CONTACTS + 1)]
    client = answered(set_company(Client(), "acme"), "acme", *many)
    assert (len(client.contacts), client.truncated) == (MAX_CONTACTS, True)
    assert answered(set_company(client, "bell"), "bell", "ada").truncated is False


def test_a_company_that_is_not_there_is_unlinked_with_the_reason() -> None:
    """CLI-07."""
    client = refuse_company(set_company(a_client("ada"), "nobody"), link_no=1, code="company_not_found")
    assert client is not None
    assert (client.company, client.link_state, client.refusal) == (None, "refused", "company_not_found")
    assert linked(client) == ["ada"]
    again = set_company(client, "nobody")
    assert (again.link_no, again.link_state, again.refusal) == (2, "pending", None)


def refused(client: Client) -> Client:
    found = refuse_company(client, link_no=client.link_no, code="company_not_found")
    assert found is not None
    return found


def test_a_company_that_is_not_there_leaves_the_former_one_linked_with_its_contacts() -> None:
    """CLI-07: also where several were tried one after the other."""
    linked_before = answered(set_company(Client(), "acme"), "acme", "ada", "bob")
    for tried in (["nobody"], ["bell", "nobody"], ["nobody", "bell", "nobody"]):
        client = linked_before
        for company_id in tried:
            client = set_company(client, company_id)
            assert client.former_company == company_ref()
        client = refused(client)
        assert (client.company, client.contacts) == (company_ref(), linked_before.contacts)
        assert (client.former_company, client.link_state, client.refusal) == (None, "refused", "company_not_found")


def test_the_former_company_is_kept_while_contacts_are_asked_for_and_forgotten_once_another_is_linked() -> None:
    """CLI-02, CLI-07."""
    client = answered(set_company(Client(), "acme"), "acme", "ada")
    asked = add_contact(set_company(add_contact(client, EVE), "bell"), DAN)
    assert asked.former_company == company_ref()
    assert answered(asked, "bell").former_company is None
    assert set_company(asked, None).former_company is None
    assert with_resolved(asked, None, company_ref("core")).former_company is None


def test_a_contact_that_is_linked_after_a_refusal_ends_it() -> None:
    """CLI-05, CLI-06."""
    client = add_contact(refused(set_company(Client(), "nobody")), NewContactLink("ada", title="Ada"))
    assert (client.link_state, client.refusal, linked(client)) == ("done", None, ["ada"])


def test_what_a_conversion_resolved_is_linked_at_once_and_as_primary() -> None:
    """LEAD-14."""
    refused = refuse_company(set_company(a_client("bob"), "nobody"), link_no=1, code="company_not_found")
    assert refused is not None
    client = with_resolved(refused, contact_ref("ada"), company_ref("acme"))
    assert (linked(client), client.contact_id) == (["ada", "bob"], "ada")
    assert (client.company, client.link_no, client.link_state, client.refusal) == (company_ref("acme"), 2, "done", None)
    assert with_resolved(client, contact_ref("ada"), company_ref("acme")) == client


def test_a_contact_that_was_linked_before_its_conversion_keeps_its_role_and_its_place() -> None:
    """CLI-06, LEAD-14."""
    client = set_contacts(Client(), [NewContactLink("bob"), NewContactLink("ada", role_id=5)])
    resolved = with_resolved(client, contact_ref("ada"), None)
    assert [(link.contact_id, link.role_id, link.sort, link.is_primary) for link in resolved.contacts] == [
        ("bob", 0, 10, False),
        ("ada", 5, 20, True),
    ]


A_PEOPLE, B_PEOPLE = ("ada", "bob", "sam"), ("dan", "sam")
ANSWERS = st.lists(st.sampled_from([1, 2, 3]), max_size=6)


@given(after_a=ANSWERS, after_b=ANSWERS, last=st.permutations([1, 1, 2, 2, 3, 3]))
def test_a_then_b_then_a_ends_with_a_s_contacts_alone_however_the_answers_come(
    after_a: list[int], after_b: list[int], last: list[int]
) -> None:
    """CLI-07."""
    people = {1: ("acme", A_PEOPLE), 2: ("bell", B_PEOPLE), 3: ("acme", A_PEOPLE)}

    def deliver(client: Client, numbers: list[int]) -> Client:
        for number in numbers:
            if number <= client.link_no:  # nobody answers what was not asked yet
                found = answer(client, people[number][0], *people[number][1], link_no=number)
                client = found.client if found else client
        return client

    client = deliver(set_company(Client(), "acme"), after_a)
    client = deliver(set_company(client, "bell"), after_b)
    client = deliver(set_company(client, "acme"), last)
    assert sorted(linked(client)) == sorted(A_PEOPLE)
    assert (client.link_no, client.link_state, client.company) == (3, "done", company_ref("acme"))
    assert {link.auto_linked_from for link in client.contacts} == {"acme"}
    assert sum(link.is_primary for link in client.contacts) == 1
