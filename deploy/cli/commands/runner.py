"""Run a command against a running CRM, and turn each expected failure into one line and exit code 1."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cli.answers import NoSuchElement, Problem, ServiceAway
from deploy.cli.client import Crm
from deploy.cli.connection import Connection, NotRunning
from deploy.cli.conversions import NoSuchStage, StillRunning
from deploy.cli.dead_letters import NotAnId
from deploy.cli.imports import BadFile, BadMapping
from deploy.cli.runs import NoSuchRun
from deploy.local.keys import NoKey
from deploy.local.process import NotReady
from deploy.local.providers import ProviderUnavailable
from deploy.local.state import NotKept, OlderStack, StackBusy
from deploy.topics import KafkaAway, TopicsDiffer
from deploy.verify.findings import LogAway, NothingToVerify

T = TypeVar("T")

OUT: Final = Console()
ERR: Final = Console(stderr=True)
_EXPECTED: Final = (
    NotRunning,
    ServiceAway,
    Problem,
    NoSuchElement,
    NoSuchStage,
    StillRunning,
    NotAnId,
    NoSuchRun,
    BadFile,
    BadMapping,
    NotReady,
    ProviderUnavailable,
    StackBusy,
    OlderStack,
    NotKept,
    NoKey,
    KafkaAway,
    TopicsDiffer,
    LogAway,
    NothingToVerify,
)


@contextmanager
def expected_failures() -> Iterator[None]:
    """Print an expected failure instead of its traceback."""
    try:
        yield
    except BadMapping as error:
        raise failed(*error.reasons) from error
    except _EXPECTED as error:
        raise failed(str(error), *getattr(error, "__notes__", ())) from error


@contextmanager
def needs_the_repository() -> Iterator[None]:
    """Say so where what starts a stack is not installed, as in the image of `crm`."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise failed(
            f"A stack is started from the repository, by `make up`: {error.name} is not installed here."
        ) from error


def failed(*reasons: str) -> typer.Exit:
    """Print the reasons, and return the exception to raise."""
    for reason in reasons:
        ERR.print(f"[red]{escape(reason)}[/]", highlight=False, soft_wrap=True)
    return typer.Exit(1)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be taken back, unless `yes` answers already; no ends the command."""
    if not yes and not typer.confirm(question, err=True):
        raise failed("Nothing was done.")


def print_json(found: Any) -> None:
    """Print as JSON; not by Rich, which would wrap it."""
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


def operate(work: Callable[[Crm], Awaitable[T]]) -> T:
    """Do the work with the CRM that runs, and return its result."""

    async def connected() -> T:
        async with Connection.find().crm() as crm:
            return await work(crm)

    return finish(connected())


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run the work, and return its result."""
    with expected_failures():
        return asyncio.run(work)
