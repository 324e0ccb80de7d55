"""The repo's own sales pipeline goes in, is converted, adds up, and goes in again without effect."""

from io import StringIO
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from deploy.cli.client import Crm as Client
from deploy.cli.demo.dataset import DataSet, Trial
from tests.system.crm import Crm

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


async def test_the_samples_go_in_add_up_and_go_in_again_without_effect(crm: Crm) -> None:
    urls = {name: service.url for name, service in crm.services.items()}
    token = crm.stack.keys.token("importer-in-tests", roles=["admin"], minutes=120)
    # An originator of its own: other tests use the same services.
    async with Client(urls, token) as client:
        trial = Trial(client, DataSet.of(SAMPLES), Console(file=StringIO()), f"samples-{uuid4()}")
        await trial.run()
    assert trial.problems == []
    imported = {name: count for name, count, _ in trial.seconds}
    assert imported["leads imported"] == 200
    assert imported["leads converted"] == 94
    assert imported["leads converted again"] == 0
