"""A conversion links, fills and shows of clients what its user may himself (PERM-01, LEAD-12, CLI-07)."""

from crm_contracts.roles import Right

from tests.builders.causes import a_cause
from tests.builders.leads import a_deal_request
from tests.clients.office import Office, asking
from tests.clients.roles import OF_BEN, keep_role


async def a_user(office: Office, name: str) -> str:
    """Who reads what is open to all, and changes what is his own."""
    levels = {"read": "opened", "add": "own", "update": "own"}
    user = f"user-of-{name}"
    await keep_role(office.database, Right(element="*", levels=levels), user_ids=(user,))
    return user


async def test_a_client_that_the_user_may_not_read_is_a_candidate_and_stays_as_it_is(office: Office, name: str) -> None:
    """PERM-01, LEAD-12: linked by no conversion, as by no request; who is to be somebody new is created."""
    user = await a_user(office, name)
    hidden = await office.knows_contact(f"known-{name}", name, **OF_BEN)
    asked, cause = asking(name, "contact"), a_cause(f"event-of-{name}", actor=f"user:{user}")
    await office.resolve(asked, cause)
    refused = await office.refused(asked)
    assert (refused.code, [each.id for each in refused.candidates]) == ("duplicates_found", [hidden.id])
    assert (await office.contacts.get(hidden.id)).version == hidden.version
    assert await office.contacts.find(asked.proposed_contact_id) is None


async def test_a_chosen_client_that_the_user_may_not_read_is_none_that_there_is(office: Office, name: str) -> None:
    """PERM-01, LEAD-12: also where the lead's service did not know the client yet."""
    user = await a_user(office, name)
    hidden = await office.knows_contact(f"known-{name}", **OF_BEN)
    asked = asking(name, "contact").model_copy(update={"contact_id": hidden.id})
    await office.resolve(asked, a_cause(f"event-of-{name}", actor=f"user:{user}"))
    assert (await office.refused(asked)).code == "contact_not_found"


async def test_a_client_that_the_user_may_only_read_is_linked_as_it_is(office: Office, name: str) -> None:
    """PERM-01, LEAD-12: it takes nothing of the lead, and is given no company; the answer says in what they differ."""
    user = await a_user(office, name)
    known = await office.knows_contact(f"known-{name}", name, responsible_id="ben", open_to_all=True)
    asked = asking(name, "contact", "company", comments="a question")
    await office.resolve(asked, a_cause(f"event-of-{name}", actor=f"user:{user}"))
    answer = await office.resolved(asked)
    assert answer.contact == known.ref
    assert answer.company is not None
    (linked,) = answer.linked
    assert (linked.enriched, "comments" in linked.left_out) == ((), True)
    found = await office.contacts.get(known.id)
    assert (found.version, found.comments, found.companies) == (known.version, known.comments, ())


async def test_a_deal_gets_those_contacts_of_the_company_that_the_user_may_read(office: Office, name: str) -> None:
    """CLI-07: by a conversion as by a request."""
    user = await a_user(office, name)
    company = await office.knows_company(f"known-{name}", name, responsible_id=user, open_to_all=True)
    for whose, fields in (("hidden", OF_BEN), ("seen", {"responsible_id": "ben", "open_to_all": True})):
        contact = await office.knows_contact(f"{whose}-{name}", **fields)
        await office.contacts.change(
            contact.id,
            lambda found: found.link(company.ref, position=10, by="user:ben", at=company.created_at),
            a_cause(),
        )
    deal = a_deal_request(proposed_deal_id=f"deal-of-{name}")
    asked = asking(name, "company", targets=("company", "deal"), deal=deal)
    cause = a_cause(f"event-of-{name}", actor=f"user:{user}")
    await office.resolve(asked, cause)
    answer = await office.resolved(asked)
    assert answer.company == company.ref
    assert answer.company_contacts is not None
    assert [each.id for each in answer.company_contacts.contacts] == [f"seen-{name}"]
