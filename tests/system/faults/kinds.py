"""The kinds of fault: what each does to a site, and how it ends what it did.

A killed process is started again by us, as a container's restart policy would do it. Nothing else is
repaired: that the system finds its way back is what is tested.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal, TypeAlias

from deploy.local.services import SERVICES, ServiceProcess
from tests.system.faults.mail import deliver_again, deliver_poison
from tests.system.faults.site import REPLICAS, SESSION_TIMEOUT_S, Site

Inflict: TypeAlias = Callable[[Site, random.Random], Awaitable[None]]

_REPLICATED: Final = tuple(name for name, number in REPLICAS.items() if number > 1)


def kill(name: str) -> Inflict:
    """SIGKILL of every replica of a service."""

    async def inflict(site: Site, chance: random.Random) -> None:
        await _kill(site, site.replicas[name], for_s=chance.uniform(0, 1))

    return inflict


async def kill_several(site: Site, chance: random.Random) -> None:
    """SIGKILL of two to five processes at one moment."""
    victims = chance.sample(sorted(site.processes), chance.randint(2, 5))
    await _kill(site, [site.processes[name] for name in victims], for_s=chance.uniform(0, 1))


def lose_replica(name: str) -> Inflict:
    """SIGKILL of one of two replicas, which stays away until the other has taken over."""

    async def inflict(site: Site, chance: random.Random) -> None:
        victim = chance.choice(site.replicas[name])
        await _kill(site, [victim], for_s=SESSION_TIMEOUT_S + chance.uniform(1, 2))

    return inflict


async def pause_service(site: Site, chance: random.Random) -> None:
    """SIGSTOP for longer than a session lasts: when it wakes up, its partitions are somebody else's."""
    victim = site.processes[chance.choice(sorted(site.processes))]
    victim.pause()
    await asyncio.sleep(SESSION_TIMEOUT_S + chance.uniform(0.5, 2))
    victim.resume()


async def end_in_good_order(site: Site, chance: random.Random) -> None:
    """SIGTERM of every replica of a service, as a deployment does it."""
    victims = site.replicas[chance.choice(SERVICES)]
    await asyncio.gather(*(asyncio.to_thread(victim.restart) for victim in victims))


def outage(
    server: Literal["kafka", "mongo"],
    begin: Literal["kill", "shut_down", "pause"],
    *,
    shortest_s: float,
    longest_s: float,
) -> Inflict:
    """SIGKILL, SIGTERM or SIGSTOP of a server: paused, its connections stand and nobody answers."""

    async def inflict(site: Site, chance: random.Random) -> None:
        victim = getattr(site.stack, server)
        await asyncio.to_thread(getattr(victim, begin))
        await asyncio.sleep(chance.uniform(shortest_s, longest_s))
        await asyncio.to_thread(victim.resume if begin == "pause" else victim.restart)

    return inflict


async def deliver_duplicates(site: Site, chance: random.Random) -> None:
    """Events that everybody has handled come again, old ones after new ones."""
    await deliver_again(site.stack.kafka.bootstrap_servers, chance, at_most=200)


async def poison_partition(site: Site, chance: random.Random) -> None:
    """Bad JSON, an unknown version, null headers and a value of 2 MB, in every partition of one topic."""
    await deliver_poison(site.stack.kafka.bootstrap_servers, chance)


async def _kill(site: Site, victims: Sequence[ServiceProcess], *, for_s: float) -> None:
    names = {name for name, process in site.processes.items() if process in victims}
    site.dead |= names
    await asyncio.gather(*(asyncio.to_thread(victim.kill) for victim in victims))
    await asyncio.sleep(for_s)
    await asyncio.gather(*(asyncio.to_thread(_start, victim) for victim in victims))
    site.dead -= names


def _start(victim: ServiceProcess) -> None:
    victim.start()
    victim.wait_ready()


KINDS: Final[dict[str, Inflict]] = {
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
