"""Commands about the stack: up, down, status, topics, demo."""

import asyncio
import os
from typing import Annotated

import typer
from rich.markup import escape

from deploy.cli import status as statuses
from deploy.cli.commands.runner import ERR, OUT, expected_failures, failed, finish
from deploy.cli.connection import Connection
from deploy.cli.demo.checks import DemoFailed
from deploy.cli.demo.demo import demo
from deploy.local.stack import LocalStack
from deploy.topics import apply, read_topics
from shared.kit.settings import KafkaSettings


def up() -> None:
    """Start everything, with the first usable providers of Kafka and MongoDB, and leave it running."""
    with expected_failures(), LocalStack(default_ports=True, say=_say) as stack:
        stack.detach()
    OUT.print("Running. `crm token` makes a token, `crm down` ends it.")


def down() -> None:
    """End what `crm up` left running, and delete its data."""
    with expected_failures():
        ended = LocalStack.down()
    OUT.print(f"Ended {', '.join(ended)}." if ended else "Nothing was running.")


def status() -> None:
    """Show services, providers, outbox backlog and dead letters; exit code 1 where a service takes no writes."""

    async def ask() -> bool:
        connection = Connection.find()
        async with connection.crm() as crm:
            found = await statuses.services_status(crm)
        statuses.show(OUT, found, connection.servers)
        return all(one.takes_writes for one in found)

    if not finish(ask()):
        raise typer.Exit(1)


def topics(
    replication_factor: Annotated[int, typer.Option(envvar="CRM_REPLICATION_FACTOR")] = 1,
) -> None:
    """Create the topics of topics.yaml that are missing, and verify the others."""
    kafka, verifies = (KafkaSettings() if "KAFKA_BOOTSTRAP_SERVERS" in os.environ else None), True
    if kafka is None:
        with expected_failures():
            connection = Connection.find()
        kafka, verifies = connection.kafka, connection.verifies_topic_configs
    if kafka is None:
        raise failed("KAFKA_BOOTSTRAP_SERVERS is not set")
    finish(apply(kafka, replication_factor=replication_factor, verify_configs=verifies))
    OUT.print(f"{len(read_topics())} topics are as topics.yaml says" + ("." if verifies else ", settings unverified."))


def run_demo() -> None:
    """Start a fresh stack, convert leads, link a company, print the results, stop everything."""
    try:
        with expected_failures():
            demo(OUT)
    except DemoFailed as error:
        raise failed(f"Not as expected: {error}") from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        ERR.print("Stopped.")
        raise typer.Exit(130) from None


def _say(line: str) -> None:
    OUT.print(escape(line), highlight=False)
