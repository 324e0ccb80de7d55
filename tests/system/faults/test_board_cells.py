"""A replica that dies while it counts a cell of the board leaves no wrong count behind (DEAL-04)."""

from typing import Any
from uuid import uuid4

import pytest

from tests.system.crm import Crm, until
from tests.system.faults.test_deaths import is_dead, restart

pytestmark = pytest.mark.real_kafka


@pytest.mark.parametrize("point", ["cell:claimed", "cell:counted"])
async def test_a_cell_that_a_killed_replica_had_in_hand_is_counted_by_the_next(crm: Crm, point: str) -> None:
    """DEAL-04: between claim and count, and between count and store; it is due again, and counted anew."""
    service, id_ = crm.services["deals"], uuid4().hex[:8]
    made = await crm.call("POST", "deals", "/pipelines", {"id": id_, "name": "Killed"})
    assert made.status_code == 201, made.text
    ids = [await crm.new_deal(pipeline_id=id_) for _ in range(3)]

    async def counts() -> dict[str, Any]:
        columns = (await crm.get("deals", f"/pipelines/{id_}/board"))["columns"]
        found = {each["stage"]["id"].partition(":")[2]: each["count"]["value"] for each in columns}
        return {stage: number for stage, number in found.items() if number}

    await until(counts, lambda found: found == {"NEW": 3})
    try:
        await restart(service, point)  # all cells are marked at start
        await until(is_dead(service), bool)
    finally:
        await restart(service, None)
    assert (await crm.call("PUT", "deals", f"/deals/{ids[0]}/stage", {"stage_id": "WON"})).is_success
    await until(counts, lambda found: found == {"NEW": 2, "WON": 1})
    await crm.settle()
    assert await counts() == {"NEW": 2, "WON": 1}
