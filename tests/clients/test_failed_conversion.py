"""A conversion that can never succeed is refused: it keeps no claim, and holds up no other lead (LEAD-13)."""

import pytest
from crm_contracts.conversions import LeadConversionRefused
from crm_contracts.envelope import Event

from services.clients.conversion.domain.resolution import Resolution
from shared.kit.domain import NotYet
from shared.kit.messaging.handling import EventHandler
from tests.builders.causes import NOON, a_cause
from tests.builders.events import an_event
from tests.builders.fakes import PowerCut, again
from tests.clients.office import Office, asking


async def taken(office: Office, name: str) -> None:
    """Somebody has created a contact under the id that the lead proposed, and has deleted it again."""
    stranger = await office.knows_contact(f"contact-of-{name}")
    await office.contacts.change(stranger.id, lambda found: found.delete(by="user:eve", at=NOON), a_cause("eve"))


async def claims_of(office: Office, name: str) -> list[object]:
    found: list[object] = (await office.everything_about(name))["claims"]
    return found


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_a_taken_id_is_an_answer_and_holds_up_no_other_lead(
    office: Office, name: str, *, is_deleted: bool
) -> None:
    """LEAD-13: the next lead with the same phone is answered at once."""
    if is_deleted:
        await taken(office, name)
    else:
        await office.knows_contact(f"contact-of-{name}")
    asked = asking(name, "contact")
    await office.resolve(asked)
    answer = await office.refused(asked)
    assert (answer.code, answer.candidates, answer.existing) == ("id_taken", (), ())
    assert await claims_of(office, name) == []
    other = asking(f"other-{name}", "contact", phones=asked.snapshot.phones, emails=asked.snapshot.emails)
    await office.resolve(other)
    assert (await office.resolved(other)).created != ()


async def test_what_was_created_before_the_failure_is_named_and_the_next_attempt_keeps_it(
    office: Office, name: str
) -> None:
    """LEAD-13."""
    await taken(office, name)
    asked = asking(name, "contact", "company")
    await office.resolve(asked)
    (company,) = (await office.refused(asked)).existing
    assert company.id == asked.proposed_company_id
    second = asking(name, "contact", attempt=2, company=company, proposed=f"another-{name}")
    await office.resolve(second, a_cause(f"second-{name}"))
    answer = await office.resolved(second)
    contact = await office.contacts.get(f"contact-of-another-{name}")
    assert answer.contact == contact.ref
    assert [link.company_id for link in contact.companies] == [company.id]


async def test_a_refusal_for_a_failure_is_stored_and_given_again(office: Office, name: str) -> None:
    """LEAD-13: by the same question delivered anew nothing changes, also with an emptied ring."""
    await taken(office, name)
    asked, replica = asking(name, "contact"), office.replica()
    await replica.resolve(asked)
    before = await office.everything_about(name)
    await office.resolutions.forget_causes(Resolution.id_for(asked))
    await replica.resolve(asked)
    assert replica.answers.events == []
    await replica.resolve(asked, again(a_cause(f"event-of-{name}")))
    assert replica.answers.events == [await office.refused(asked)]
    assert {**await office.everything_about(name), "resolutions": []} == {**before, "resolutions": []}


@pytest.mark.parametrize("off_after", range(1, 7))
async def test_death_on_the_way_to_a_refusal_ends_in_that_refusal(office: Office, name: str, off_after: int) -> None:
    """LEAD-13."""
    await taken(office, name)
    asked = asking(name, "contact", "company")
    try:
        await office.replica(off_after=off_after).resolve(asked)
    except PowerCut:
        await office.replica().resolve(asked)
    answer = await office.refused(asked)
    assert (answer.code, [ref.id for ref in answer.existing]) == ("id_taken", [asked.proposed_company_id])
    assert await claims_of(office, name) == []


async def test_what_an_earlier_attempt_created_unheard_is_found_by_the_next(office: Office, name: str) -> None:
    """LEAD-13: leads had given up on it."""
    first = asking(name, "contact")
    await office.resolve(first)
    second = asking(name, "contact", "company", attempt=2)
    await office.resolve(second, a_cause(f"second-{name}"))
    answer = await office.resolved(second)
    assert (answer.contact and answer.contact.id) == first.proposed_contact_id
    contact = await office.contacts.get(first.proposed_contact_id)
    assert [link.company_id for link in contact.companies] == [second.proposed_company_id]


async def delivered(office: Office, event: Event, *, is_last_try: bool) -> str:
    handler = EventHandler(office.reactions, clock=lambda: NOON)
    result = await handler.handle(an_event(event), is_last_try=is_last_try)
    return result.error.code if isinstance(result.error, NotYet) else result.outcome


async def test_whoever_waits_too_long_for_the_conversion_of_another_lead_is_refused_and_may_try_again(
    office: Office, name: str
) -> None:
    """LEAD-13: however often it asks, it waits once."""
    asked = asking(name, "contact")
    rival = asking(f"rival-{name}", "contact", phones=asked.snapshot.phones, emails=asked.snapshot.emails)
    with pytest.raises(PowerCut):
        await office.replica(off_after=1).resolve(rival)  # it holds the keys, and is away
    assert await delivered(office, asked, is_last_try=False) == "not_yet"
    assert await delivered(office, asked, is_last_try=True) == "done"
    assert (await office.refused(asked)).code == "client_busy"
    await office.resolve(asked, again(a_cause("asked again")))
    await office.resolve(rival)
    second = asking(name, "contact", attempt=2)
    await office.resolve(second, a_cause(f"second-{name}"))
    assert (await office.resolved(second)).contact == (await office.resolved(rival)).contact


class Bug(Office):
    """A replica of code that fails in a way that no domain error foresees."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reference = None  # type: ignore[assignment]


async def test_a_bug_is_an_answer_too_and_is_dead_lettered_besides(office: Office, name: str) -> None:
    """LEAD-13: the next lead with the same phone is answered at once, and so is the next attempt."""
    asked = asking(name, "contact")
    with pytest.raises(AttributeError):
        await Bug(office.database).resolve(asked)
    assert (await office.refused(asked)).code == "client_failed"
    assert await claims_of(office, name) == []
    other = asking(f"other-{name}", "contact", phones=asked.snapshot.phones, emails=asked.snapshot.emails)
    await office.resolve(other)
    assert (await office.resolved(other)).created != ()
    await office.resolve(asked)  # the replay of the dead letter
    assert await claims_of(office, name) == []
    second = asking(name, "contact", attempt=2)
    await office.resolve(second, a_cause(f"second-{name}"))
    assert (await office.resolved(second)).contact == (await office.resolved(other)).contact


@pytest.mark.parametrize("times", [1, 2])
async def test_claims_end_with_the_attempt_although_nobody_could_answer(
    office: Office, name: str, *, times: int
) -> None:
    """LEAD-13: leads gives up on whoever holds them, and is heard after all questions of the attempt."""
    asked = asking(name, "contact")
    with pytest.raises(PowerCut):
        await office.replica(off_after=1).resolve(asked)  # it holds the keys, and never comes back
    rival = asking(f"rival-{name}", "contact", phones=asked.snapshot.phones, emails=asked.snapshot.emails)
    assert await delivered(office, rival, is_last_try=False) == "not_yet"
    given_up = LeadConversionRefused(
        lead=asked.lead, conversion_id=asked.conversion_id, attempt=asked.attempt, code="no_answer", message="no"
    )
    for _ in range(times):
        assert await delivered(office, given_up, is_last_try=False) == "done"
    assert await claims_of(office, name) == []
    assert await delivered(office, rival, is_last_try=False) == "done"
    assert (await office.resolved(rival)).created != ()


async def test_the_end_of_one_attempt_leaves_the_claims_of_the_next(office: Office, name: str) -> None:
    """LEAD-13: a refusal that is delivered late."""
    second = asking(name, "contact", attempt=2)
    with pytest.raises(PowerCut):
        await office.replica(off_after=1).resolve(second)
    first = LeadConversionRefused(
        lead=second.lead, conversion_id=second.conversion_id, attempt=1, code="no_answer", message="no"
    )
    held = await claims_of(office, name)
    assert await delivered(office, first, is_last_try=False) == "done"
    assert await claims_of(office, name) == held != []
