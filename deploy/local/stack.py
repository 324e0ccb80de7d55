"""Run the whole system on this machine, for `crm up`, `crm demo` and the tests: brokers first, topics, then services.

Whatever way it ends - done, failed, Ctrl-C, SIGTERM, kill -9 - all that it started ends with it, unless it was
detached: the block ends it, or the reaper, or the next start. Data does not outlive the stack, unless it is to be kept;
the keys do.
"""

import asyncio
import contextlib
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from deploy.local import state
from deploy.local.kafka import Kafka, launch_kafka
from deploy.local.keys import Keys, make_keys
from deploy.local.mongo import Mongo, launch_mongo
from deploy.local.ports import free_port, port_of_service
from deploy.local.process import recorded_processes
from deploy.local.reaper import Reaper
from deploy.local.server import ExternalServer, Server
from deploy.local.services import DEFAULT_PORTS, SERVICES, ServiceProcess, service_environment
from deploy.topics import apply
from shared.kit.settings import KafkaSettings


class LocalStack:
    """A running system; a context manager that ends it on the way out, unless it was detached.

    Kafka and MongoDB may be handed over running; then the caller ends them.
    """

    load = staticmethod(state.load)
    down = staticmethod(state.down)

    def __init__(
        self,
        directory: Path | None = None,
        *,
        services: Sequence[str] = SERVICES,
        kafka: Kafka | None = None,
        mongo: Mongo | None = None,
        default_ports: bool = False,
        keep_data: bool = False,
        say: Callable[[str], None] = print,
    ) -> None:
        """Use the ports 8101 to 8105 where they are free, with `default_ports`; `say` gets a line for each step.

        With `keep_data` go on with the data of an earlier stack, at its addresses, and leave both when this one ends.
        """
        self.directory = directory or state.local_directory()
        self.services: dict[str, ServiceProcess] = {}
        self.kafka: Kafka
        self.mongo: Mongo
        self.keys: Keys
        self._names = tuple(services)
        self._given = (kafka, mongo)
        self._default_ports = default_ports
        self._keep_data = keep_data
        self._say = say
        self._taken: list[str] = []
        self._lock: IO[str] | None = None
        self._started = contextlib.ExitStack()
        self._attached = contextlib.ExitStack()
        self._detached = False

    def __enter__(self) -> Self:
        self._lock = state.lock(self.directory)
        self._started.callback(self._lock.close)
        self._started.push(self._attached)
        try:
            self._attached.enter_context(_sigterm_is_an_exit())
            self._attached.callback(Reaper().release)
            self._clean_up_leftovers()
            self._start_servers()
            self._start_services()
        except BaseException:
            self._started.close()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._detached:
            self._attached.close()
        else:
            self._started.close()

    def add_service(
        self, name: str, *, replica: str = "", extra_environment: Mapping[str, str] | None = None
    ) -> ServiceProcess:
        """Start a service, or a further replica of one, on a port of its own. Does not wait until it is ready."""
        port = free_port() if replica else self._port_of(name)
        environment = service_environment(port, kafka=self.kafka, mongo=self.mongo, keys=self.keys)
        service = ServiceProcess(
            name, port, {**environment, **(extra_environment or {})}, directory=self.directory, replica=replica
        )
        self.services[f"{name}-{replica}" if replica else name] = service
        service.start()
        return service

    def describe(self) -> str:
        """List the providers and addresses, one to a line."""
        return f"{self.as_running().describe()}\nlogs             {self.directory / 'logs'}"

    def as_running(self) -> state.RunningStack:
        """Return how it is found by others."""
        return state.RunningStack(
            kafka_provider=self.kafka.provider,
            kafka_environment=self.kafka.environment,
            mongo_provider=self.mongo.provider,
            mongo_url=self.mongo.url,
            services={name: service.url for name, service in self.services.items()},
            private_key=str(self.keys.private_key),
            jwks=str(self.keys.jwks),
            processes=recorded_processes(self.directory),
        )

    def detach(self) -> state.RunningStack:
        """Leave everything running after this process; `LocalStack.down()` ends it."""
        stack = self.as_running()
        state.save(self.directory, stack)
        self._detached = True
        if self._lock is not None:
            self._lock.close()
        return stack

    def _clean_up_leftovers(self) -> None:
        if state.load(self.directory) is not None:
            raise state.StackBusy(f"a stack runs in {self.directory}: `make down` ends it")
        ended = state.clean(self.directory, forget=not self._keep_data)
        if ended:
            self._say(f"Ended what a killed run had left: {', '.join(ended)}")
        shutil.rmtree(self.directory / "logs", ignore_errors=True)
        # Runs last, and ends what an interruption kept from being registered below.
        self._started.callback(state.clean, self.directory, forget=not self._keep_data)
        self.keys = make_keys(self.directory / "keys")

    def _start_servers(self) -> None:
        kafka, mongo = self._given
        # MongoDB gets ready while Kafka formats its disk.
        if mongo is None:
            mongo = launch_mongo(self.directory)
            self._started.callback(self._end, mongo)
        if kafka is None:
            kafka = launch_kafka(self.directory)
            self._started.callback(self._end, kafka)
        state.keep_providers(self.directory, kafka.provider, mongo.provider)
        self.kafka, self.mongo = kafka, mongo
        self._say(f"Starting Kafka ({kafka.provider}) and MongoDB ({mongo.provider}) ...")
        mongo.wait_ready()
        kafka.wait_ready()
        _apply_topics(kafka)

    def _end(self, server: Server) -> None:
        # The end of a container takes its data with it.
        if self._keep_data and not isinstance(server, ExternalServer):
            server.shut_down()
        else:
            server.stop()

    def _start_services(self) -> None:
        # Also those that are added later.
        self._started.callback(self._stop_services)
        if self._names:
            self._say(f"Starting {', '.join(self._names)} ...")
        for name in self._names:
            self.add_service(name)
        if self._taken:
            self._say(f"Not free, so that another port serves and is kept instead: {', '.join(self._taken)}")
        for service in self.services.values():
            service.wait_ready()
        self._say(self.describe())

    def _port_of(self, name: str) -> int:
        port, taken = port_of_service(self.directory, name, DEFAULT_PORTS[name] if self._default_ports else None)
        if taken is not None:
            self._taken.append(f"{taken} ({name})")
        return port

    def _stop_services(self) -> None:
        # All at once: each may take seconds to finish what it began.
        with ThreadPoolExecutor(max_workers=max(1, len(self.services))) as threads:
            list(threads.map(ServiceProcess.terminate, self.services.values()))


def _apply_topics(kafka: Kafka) -> None:
    applied = apply(
        KafkaSettings.of(kafka.environment),
        replication_factor=kafka.replication_factor,
        verify_configs=kafka.verifies_topic_configs,
        environment="local",
    )
    # In a thread of its own, because the caller's may already run an event loop.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, applied).result()


@contextlib.contextmanager
def _sigterm_is_an_exit() -> Iterator[None]:
    """Unwind at SIGTERM as at Ctrl-C, unless another handler does so; the default would leave data behind."""
    handled = signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    if handled or threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(_number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
