"""Hold a running stack of the revision whose environment this runs in, and obey the lines of stdin until stdin ends.

`benchmarks.system` runs the text of this file with `python -c` in the root of the revision, which need not have the
file: it uses only what the local stack of every revision that is compared can do. When the process that reads the
answers has ended, whatever way, stdin ends, and so does the stack.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack

MINUTES = 12 * 60
REPLICA = "b"
SETTLE_S = 3.0


def main() -> None:
    """Start the stack in the directory that is given, describe it in one line, then answer each line with one."""
    with LocalStack(Path(sys.argv[1]), say=lambda line: print(line, file=sys.stderr)) as stack:
        answer(describe(stack))
        try:
            for line in sys.stdin:
                answer(obey(stack, **json.loads(line)))
        finally:
            # What is paused could not end in good order.
            resume(stack)


def describe(stack: Any) -> dict[str, Any]:
    """Return what a measurement needs in order to reach everything."""
    providers = [getattr(server, "provider", None) or server.rung for server in (stack.kafka, stack.mongo)]
    return {
        "urls": {name: service.url for name, service in stack.services.items()},
        "token": stack.keys.token("crm-operator", roles=["admin"], minutes=MINUTES),
        "kafka": stack.kafka.bootstrap_servers,
        "mongo": stack.mongo.url,
        "servers": f"Kafka {providers[0]}, MongoDB {providers[1]}",
    }


def obey(stack: Any, *, do: str, **given: str) -> dict[str, Any]:
    """Do what a line asks for."""
    return COMMANDS[do](stack, **given) or {}


def pause(stack: Any) -> None:
    """Freeze the services first: they would miss the servers."""
    for each in (*stack.services.values(), stack.kafka, stack.mongo):
        each.pause()


def resume_and_wait(stack: Any) -> None:
    """Continue everything, and return when every service accepts writes again and Kafka has its leaders back.

    A broker that was frozen for longer than its session is fenced a moment after it continues, and registers anew.
    """
    resume(stack)
    time.sleep(SETTLE_S)
    stack.kafka.wait_ready()
    wait_ready(stack)


def resume(stack: Any) -> None:
    """Continue the servers first: the services look for them at once."""
    for each in (stack.mongo, stack.kafka, *stack.services.values()):
        each.resume()


def wait_ready(stack: Any) -> None:
    """Return when every service accepts writes."""
    for each in stack.services.values():
        each.wait_ready()


def stop(stack: Any, service: str) -> None:
    """End a service in good order."""
    stack.services[service].terminate()


def kill(stack: Any, service: str) -> None:
    """End a service at once, as a machine that fails does."""
    stack.services[service].kill()


def start(stack: Any, service: str) -> None:
    """Start a service again, without waiting."""
    stack.services[service].start()


def add_replicas(stack: Any) -> dict[str, str]:
    """Start a second replica of each service; return their URLs."""
    found = {name: stack.add_service(name, replica=REPLICA).url for name in SERVICES}
    wait_ready(stack)
    return found


def remove_replicas(stack: Any) -> None:
    """End the second replicas in good order."""
    for name in SERVICES:
        stack.services.pop(f"{name}-{REPLICA}").terminate()


COMMANDS: dict[str, Callable[..., dict[str, str] | None]] = {
    "pause": pause,
    "resume": resume_and_wait,
    "wait": wait_ready,
    "stop": stop,
    "kill": kill,
    "start": start,
    "add replicas": add_replicas,
    "remove replicas": remove_replicas,
}


def answer(found: dict[str, Any]) -> None:
    """Write one line."""
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
