"""B5: clients are searched for as one types, by the beginning of a name or an e-mail, or by the end of a phone."""

from typing import Final, Literal
from urllib.parse import urlencode

from benchmarks.figures import Run
from benchmarks.load import Pace, paced
from benchmarks.ours.callers import Callers, Refused
from benchmarks.people import Person
from benchmarks.program import Target

By = Literal["name", "names", "phone", "e-mail"]
_STRIDE: Final = 104_729
"""Far from person to person, so that each search is for another person."""


def typed(by: By, person: Person) -> str:
    """Return what a user types to find this person."""
    return {
        "name": person.last[:4],
        "names": f"{person.last} {person.first[:3]}",
        "phone": person.phone[-6:],
        "e-mail": person.email.partition("@")[0],
    }[by]


async def measure(target: Target, *, by: By, people: int, warm_up: int, operations: int, pace: Pace) -> Run:
    """Search for one of these people in each operation."""
    async with Callers(target) as crm:

        async def search(number: int) -> None:
            text = typed(by, Person.number(number * _STRIDE % people))
            found = await crm.send("GET", "clients", f"/clients/search?{urlencode({'q': text, 'type': 'contact'})}")
            if not found["items"]:
                raise Refused(f"no contact was found by {text!r}")

        return await paced(search, target, warm_up=warm_up, operations=operations, pace=pace)
