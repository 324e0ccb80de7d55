"""Show and create the topics: `crm topics`."""

import os
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.commands.options import AsJson
from deploy.cli.commands.runner import OUT, expected_failures, failed, finish, print_json
from deploy.cli.connection import Connection
from deploy.topics import Topic, UnknownEnvironment, apply, existing, read_topics
from shared.kit.settings import KafkaSettings

app = typer.Typer(help="Topics of topics.yaml: what is there, and what is missing.", no_args_is_help=True)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the topics of topics.yaml with their partitions, and whether they are there; change nothing.

    Exit code 1 where one is missing, or has another number of partitions.

    Example: crm topics list
    """
    kafka, _, environment = _kafka()
    there = finish(existing(kafka))
    rows = [
        {"topic": topic.name, "partitions": topic.partitions, "there": there.get(topic.name, 0)}
        for topic in _wanted(environment)
    ]
    if as_json:
        print_json(rows)
    else:
        table = Table("topic", "partitions", "there", title="Topics of topics.yaml", title_justify="left")
        for row in rows:
            differs = row["partitions"] != row["there"]
            table.add_row(
                str(row["topic"]), str(row["partitions"]), f"[red]{row['there']}[/]" if differs else str(row["there"])
            )
        OUT.print(table)
    if any(row["partitions"] != row["there"] for row in rows):
        raise failed("Not as topics.yaml says; `crm topics apply` creates what is missing.")


@app.command("apply")
def apply_(
    replication_factor: Annotated[int, typer.Option(envvar="CRM_REPLICATION_FACTOR")] = 1,
) -> None:
    """Create the topics of topics.yaml that are missing, and verify the others; none is altered or deleted.

    Example: crm topics apply --replication-factor 3
    """
    kafka, verifies, environment = _kafka()
    wanted = _wanted(environment)
    finish(apply(kafka, replication_factor=replication_factor, verify_configs=verifies, topics=wanted))
    OUT.print(f"{len(wanted)} topics are as topics.yaml says" + ("." if verifies else ", settings unverified."))


def _wanted(environment: str | None) -> list[Topic]:
    try:
        return read_topics(environment)
    except UnknownEnvironment as error:
        raise failed(str(error)) from error


def _kafka() -> tuple[KafkaSettings, bool, str | None]:
    """Return how to reach Kafka, whether it keeps settings of topics, and of which environment its topics are."""
    if "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
        return KafkaSettings(), True, None
    with expected_failures():
        connection = Connection.find()
    if connection.kafka is None:
        raise failed("KAFKA_BOOTSTRAP_SERVERS is not set")
    return connection.kafka, connection.verifies_topic_configs, "local"
