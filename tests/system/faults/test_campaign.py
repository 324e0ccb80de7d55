"""Everything breaks while everybody works: nothing is lost, nothing is doubled, and it heals by itself.

This is one test in two lengths. `make test` inflicts six faults, each of another kind; `make faults`
dozens, with progress and a table.
"""

import os

import pytest
from rich.console import Console

from tests.deadlines import DEADLINE_S
from tests.system.faults.campaign import Campaign
from tests.system.faults.site import Site

FAULTS = int(os.environ.get("CRM_FAULTS") or 6)
CONVERSIONS = int(os.environ.get("CRM_FAULT_CONVERSIONS") or 60)
SEED = int(os.environ.get("CRM_FAULT_SEED") or 20_261_123)
REST_EVERY = 8


@pytest.mark.real_kafka
@pytest.mark.timeout(3 * DEADLINE_S + 40 * FAULTS)
async def test_nothing_is_lost_or_doubled_whatever_breaks(site: Site) -> None:
    """LEAD-13, CLI-07, TL-11, DEAL-03, DEAL-15: the system recovers, and all that was answered is so, once."""
    campaign = Campaign(site, seed=SEED, faults=FAULTS, conversions=CONVERSIONS, rest_every=REST_EVERY)
    await campaign.run()
    campaign.show(Console(width=120))

    assert campaign.verdict.is_clean, campaign.verdict
    assert campaign.converted >= CONVERSIONS
    assert campaign.moves
    assert campaign.timers
