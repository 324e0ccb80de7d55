"""Start the systems under test: real Kafka, real MongoDB and the five services with their production settings.

Each runs from a checkout, by `benchmarks.holder`. Where two revisions are compared both run, but only one at a time
gets the machine: the other one is paused, all its processes, so that it costs nothing while it waits.
"""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Self

from benchmarks.checkouts import Checkout, environment
from benchmarks.program import Target
from deploy.local import state
from deploy.local.reaper import Reaper

_HOLDER: Final = Path(__file__).with_name("holder.py")
_END_S: Final = 120.0


class StackEnded(Exception):
    """The process that held a stack ended; it wrote its reason to stderr."""


class HeldStack:
    """A running stack of a checkout; a context manager that ends it, and its data too."""

    def __init__(self, checkout: Checkout, directory: Path) -> None:
        self.checkout = checkout
        self.directory = directory
        self.is_paused = False
        self._process = subprocess.Popen(
            [str(checkout.python), "-c", _HOLDER.read_text(encoding="utf-8"), str(directory)],
            cwd=checkout.root,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C is for this process, which ends the stack in its own time.
            start_new_session=True,
        )
        facts = self._answer()
        self.servers: str = facts.pop("servers")
        self.target = Target(**facts, directory=str(directory), crm=str(checkout.crm))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def pause(self) -> None:
        """Freeze every process, unless that is so already."""
        if not self.is_paused:
            self._ask("pause")
            self.is_paused = True

    def resume(self) -> None:
        """Continue every process, and return when the services accept writes."""
        if self.is_paused:
            self._ask("resume")
            self.is_paused = False

    def stop_service(self, name: str) -> None:
        """End a service in good order."""
        self._ask("stop", service=name)

    def kill_service(self, name: str) -> None:
        """End a service at once, by a signal that it cannot catch."""
        self._ask("kill", service=name)

    def start_service(self, name: str) -> None:
        """Start a service that was stopped, without waiting."""
        self._ask("start", service=name)

    def wait_ready(self) -> None:
        """Return when every service accepts writes."""
        self._ask("wait")

    @contextlib.contextmanager
    def replicas(self) -> Iterator[dict[str, str]]:
        """Run a second replica of each service within the block; yields their URLs."""
        urls = self._ask("add replicas")
        try:
            yield urls
        finally:
            self._ask("remove replicas")

    def _ask(self, do: str, **given: str) -> dict[str, Any]:
        if self._process.stdin is None:
            raise StackEnded(self.checkout.commit)
        try:
            self._process.stdin.write(json.dumps({"do": do, **given}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise StackEnded(f"the stack of {self.checkout.commit}, before it could {do}") from None
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise StackEnded(f"the stack of {self.checkout.commit} ended with {self._process.wait()}")
        found: dict[str, Any] = json.loads(line)
        return found


@contextlib.contextmanager
def running(*checkouts: Checkout, say: Callable[[str], None]) -> Iterator[list[HeldStack]]:
    """Run a stack of each checkout, all but the first one paused; they end with the block, and their data too."""
    directory, held = state.lock_first_free(state.local_directory(), "bench")
    reaper = Reaper()  # also for revisions that have none of their own
    try:
        with held, contextlib.ExitStack() as ending:
            stacks = []
            for number, checkout in enumerate(checkouts):
                say(f"Starting the stack of {checkout.commit}")
                stack = ending.enter_context(HeldStack(checkout, directory / f"stack-{number}"))
                stacks.append(stack)
                stack.pause()
            stacks[0].resume()
            yield stacks
    finally:
        reaper.release()
