"""The state of a stack on disk: a lock while it starts and runs, and `stack.json`, by which other processes find it.

The lock is an open file, which the kernel releases however its holder ends; the records in `running/` name the
processes that the holder left.
"""

import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Final

from deploy.local.process import recorded_processes, stop_leftovers
from deploy.local.services import ROOT

_STOP_DEADLINE_S: Final = 45.0
_IN_MEMORY: Final = "tansu"
"""The provider of Kafka that has no data on disk."""
_NOT_OURS: Final = "given"
"""The provider whose server was there, and keeps its data whatever happens here."""


class StackBusy(Exception):
    """Another start holds this directory, or a detached stack runs in it."""


class OlderStack(Exception):
    """The stack in this directory was started by code that wrote `stack.json` in another form."""


class NotKept(Exception):
    """The data of a stack cannot be kept, or cannot be used by this start."""


@dataclass(frozen=True)
class RunningStack:
    """A stack that was left running."""

    kafka_provider: str
    kafka_environment: dict[str, str]
    mongo_provider: str
    mongo_url: str
    services: dict[str, str]
    """URL of each service."""
    private_key: str
    jwks: str
    processes: dict[str, int] = field(default_factory=dict)
    """Pid of each recorded process."""

    @property
    def bootstrap_servers(self) -> str:
        return self.kafka_environment["KAFKA_BOOTSTRAP_SERVERS"]

    @property
    def mongo_address(self) -> str:
        """Where MongoDB is, without who may log in."""
        return self.mongo_url.removeprefix("mongodb://").rpartition("@")[2]

    @property
    def servers(self) -> str:
        """The providers and addresses of Kafka and MongoDB, in a line."""
        kafka = f"Kafka {self.kafka_provider} {self.bootstrap_servers}"
        return f"{kafka}, MongoDB {self.mongo_provider} {self.mongo_address.partition('/')[0]}"

    def describe(self) -> str:
        """List the providers and addresses, one to a line."""
        lines = [
            f"Kafka    {self.kafka_provider:7} {self.bootstrap_servers}",
            f"MongoDB  {self.mongo_provider:7} {self.mongo_address}",
            *(f"{name:16} {url}/docs" for name, url in self.services.items()),
        ]
        return "\n".join(lines)


def local_directory() -> Path:
    """Return `.local` beside the sources, or the directory in `CRM_LOCAL_DIR`."""
    return Path(os.environ.get("CRM_LOCAL_DIR") or ROOT / ".local").resolve()


def lock(directory: Path) -> IO[str]:
    """Hold the directory until the returned file is closed.

    Raises:
        StackBusy: another process holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    held = (directory / "lock").open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise StackBusy(f"another stack uses {directory}") from None
    return held


def lock_first_free(parent: Path, name: str) -> tuple[Path, IO[str]]:
    """Lock the first free one of `name-0`, `name-1`, ...: test runs go side by side, and leftovers are found again."""
    number = 0
    while True:
        directory = parent / f"{name}-{number}"
        try:
            return directory, lock(directory)
        except StackBusy:
            number += 1


def save(directory: Path, stack: RunningStack) -> None:
    """Write `stack.json`."""
    unfinished = directory / "stack.json.new"
    unfinished.touch(mode=0o600)  # the URL of an external server may have a password
    unfinished.write_text(json.dumps(asdict(stack), indent=2))
    unfinished.replace(directory / "stack.json")


def load(directory: Path | None = None) -> RunningStack | None:
    """Read the detached stack that runs in the directory; None if there is none, or if one of its processes ended.

    Raises:
        OlderStack: other code started it.
    """
    directory = directory or local_directory()
    file = directory / "stack.json"
    if not file.exists():
        return None
    try:
        stack = RunningStack(**json.loads(file.read_text()))
    except (TypeError, ValueError):
        raise OlderStack(f"the stack in {directory} was started by older code: `crm down` ends it") from None
    return stack if stack.processes.items() <= recorded_processes(directory).items() else None


def clean(directory: Path, *, deadline_s: float = 0.0, forget: bool = True) -> list[str]:
    """End what is recorded as running there, and remove its data if it is to be forgotten; return what was ended."""
    from deploy.local.container import end_containers  # noqa: PLC0415 - the image of `crm` has no client of Docker

    ended = stop_leftovers(directory, deadline_s=deadline_s) + end_containers(directory, forget=forget)
    (directory / "stack.json").unlink(missing_ok=True)
    if forget:
        shutil.rmtree(directory / "data", ignore_errors=True)
    return ended


def down(directory: Path | None = None, *, forget: bool = False) -> list[str]:
    """End a detached stack, or what a killed start left; return the names of what was ended.

    Its data stays for the next start, unless it is to be forgotten.

    Raises:
        StackBusy: its starter still runs and will end it itself.
        NotKept: its Kafka has everything in memory alone.
    """
    directory = directory or local_directory()
    with lock(directory):
        if not forget and _providers(directory)[:1] == [_IN_MEMORY] and recorded_processes(directory):
            raise NotKept("Kafka's data is in memory alone (tansu) and ends with it: `crm down --forget` ends both")
        return clean(directory, deadline_s=_STOP_DEADLINE_S, forget=forget)


def has_data(directory: Path | None = None) -> bool:
    """Return whether a stack left data in the directory, of servers of its own."""
    return bool(set(_providers(directory or local_directory())) - {_NOT_OURS})


def keep_providers(directory: Path, kafka: str, mongo: str) -> None:
    """Note which providers the data is of.

    Raises:
        NotKept: it is of others, which this start does not use.
    """
    there = _providers(directory)
    if there not in ([], [kafka, mongo]):
        raise NotKept(
            f"the data in {directory} is of Kafka {there[0]} and MongoDB {there[1]}, and this start would use {kafka} "
            f"and {mongo}: set CRM_KAFKA and CRM_MONGO, or `crm down --forget` deletes it"
        )
    file = directory / "data" / "providers.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([kafka, mongo]))


def _providers(directory: Path) -> list[str]:
    file = directory / "data" / "providers.json"
    found: list[str] = json.loads(file.read_text()) if file.exists() else []
    return found
