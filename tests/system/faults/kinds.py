"""The kinds of fault: what each does to a site, and how it ends what it did.

Entered, a fault is injected; what the system cannot do without is back by then: a killed process is started again, as a
container's restart policy would do it. What a second replica replaces is back when the fault is left. Nothing
else is repaired: that the system finds its way back is what is tested.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Literal, TypeAlias

from deploy.local.services import SERVICES, ServiceProcess
from tests.system.faults.mail import deliver_again, deliver_poison
from tests.system.faults.site import REPLICAS, SESSION_TIMEOUT_S, Site

Fault: TypeAlias = Callable[[Site, random.Random], AbstractAsyncContextManager[None]]

_REPLICATED: Final = tuple(name for name, number in REPLICAS.items() if number > 1)


def kill(name: str) -> Fault:
    """SIGKILL of every replica of a service."""

    @asynccontextmanager
    async def inject(site: Site, chance: random.Random) -> AsyncIterator[None]:
        async with _killed(site, site.replicas[name]):
            await asyncio.sleep(chance.uniform(0, 1))
        yield

    return inject


@asynccontextmanager
async def kill_several(site: Site, chance: random.Random) -> AsyncIterator[None]:
    """SIGKILL of two to five processes at one moment."""
    victims = chance.sample(sorted(site.processes), chance.randint(2, 5))
    async with _killed(site, [site.processes[name] for name in victims]):
        await asyncio.sleep(chance.uniform(0, 1))
    yield


def lose_replica(name: str) -> Fault:
    """SIGKILL of one of two replicas: the system recovers without it, because the other takes over."""

    @asynccontextmanager
    async def inject(site: Site, chance: random.Random) -> AsyncIterator[None]:
        async with _killed(site, [chance.choice(site.replicas[name])]):
            yield

    return inject


@asynccontextmanager
async def pause_service(site: Site, chance: random.Random) -> AsyncIterator[None]:
    """SIGSTOP for longer than a session lasts: when it wakes up, its partitions are somebody else's."""
    victim = site.processes[chance.choice(sorted(site.processes))]
    victim.pause()
    await asyncio.sleep(SESSION_TIMEOUT_S + chance.uniform(0.5, 2))
    victim.resume()
    yield


@asynccontextmanager
async def end_in_good_order(site: Site, chance: random.Random) -> AsyncIterator[None]:
    """SIGTERM of every replica of a service, as a deployment does it."""
    victims = site.replicas[chance.choice(SERVICES)]
    await asyncio.gather(*(asyncio.to_thread(_restart, victim) for victim in victims))
    yield


def outage(
    server: Literal["kafka", "mongo"],
    begin: Literal["kill", "shut_down", "pause"],
    *,
    shortest_s: float,
    longest_s: float,
) -> Fault:
    """SIGKILL, SIGTERM or SIGSTOP of a server: paused, its connections stand and nobody answers."""

    @asynccontextmanager
    async def inject(site: Site, chance: random.Random) -> AsyncIterator[None]:
        victim = getattr(site.stack, server)
        await asyncio.to_thread(getattr(victim, begin))
        await asyncio.sleep(chance.uniform(shortest_s, longest_s))
        await asyncio.to_thread(victim.resume if begin == "pause" else victim.restart)
        yield

    return inject


@asynccontextmanager
async def deliver_duplicates(site: Site, chance: random.Random) -> AsyncIterator[None]:
    """Events that everybody has handled come again, old ones after new ones."""
    await deliver_again(site.stack.kafka.bootstrap_servers, chance, at_most=200)
    yield


@asynccontextmanager
async def poison_partition(site: Site, chance: random.Random) -> AsyncIterator[None]:
    """Bad JSON, an unknown version, null headers and a value of 2 MB, in every partition of one topic."""
    await deliver_poison(site.stack.kafka.bootstrap_servers, chance)
    yield


@asynccontextmanager
async def _killed(site: Site, victims: Sequence[ServiceProcess]) -> AsyncIterator[None]:
    """Kill the processes; leaving it starts them again."""
    names = {name for name, process in site.processes.items() if process in victims}
    site.dead |= names
    await asyncio.gather(*(asyncio.to_thread(victim.kill) for victim in victims))
    yield
    await asyncio.gather(*(asyncio.to_thread(_start, victim) for victim in victims))
    site.dead -= names


def _start(victim: ServiceProcess) -> None:
    victim.start()
    victim.wait_ready()


def _restart(victim: ServiceProcess) -> None:
    victim.restart()
    victim.wait_ready()


KINDS: Final[dict[str, Fault]] = {
    **{f"kill -9 of {name}": kill(name) for name in SERVICES},
    "kill -9 of several at once": kill_several,
    **{f"one of two {name} lost": lose_replica(name) for name in _REPLICATED},
    "service paused past its session": pause_service,
    "service ended in good order": end_in_good_order,
    "kill -9 of Kafka": outage("kafka", "kill", shortest_s=0, longest_s=2),
    "Kafka stopped and restarted": outage("kafka", "shut_down", shortest_s=0, longest_s=2),
    "Kafka paused": outage("kafka", "pause", shortest_s=1, longest_s=4),
    "kill -9 of MongoDB": outage("mongo", "kill", shortest_s=0, longest_s=2),
    "MongoDB paused": outage("mongo", "pause", shortest_s=1, longest_s=4),
    "duplicates and stale events": deliver_duplicates,
    "poison in a topic": poison_partition,
}
