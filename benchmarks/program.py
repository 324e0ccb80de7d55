"""Run one measurement in a process of its own, so that the measuring takes no time from what is measured.

`python -m benchmarks.program <module>` reads its parameters from stdin as JSON and writes its `Run` to stdout.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import uvloop

from benchmarks.figures import Run

LONGEST_S = 900.0


@dataclass(frozen=True)
class Target:
    """The system under test, and the servers under it."""

    urls: dict[str, str]
    token: str
    kafka: str
    mongo: str
    directory: str
    """The directory of the stack, with the records of its processes."""
    crm: str = ""
    """The operator's command of the revision that runs."""
    more_urls: tuple[dict[str, str], ...] = ()
    """The services again, once for each further replica."""


class MeasurementFailed(RuntimeError):
    """The process ended without a result, or not at all; what it wrote to stderr went to ours."""


async def measured(module: str, target: Target, **given: Any) -> Run:
    """Run `benchmarks.<module>.measure(target, **given)` in a fresh process.

    Raises:
        MeasurementFailed: it ended without a result, or did not end within `LONGEST_S`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.program", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LONGEST_S):
            written, _ = await process.communicate(json.dumps({"target": asdict(target), "given": given}).encode())
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise MeasurementFailed(f"{module} did not end within {LONGEST_S:.0f} s") from error
        raise
    if process.returncode:
        raise MeasurementFailed(f"{module} ended with {process.returncode}")
    return Run(**json.loads(written))


def main() -> None:
    """Run the measurement that stdin describes."""
    parameters = json.load(sys.stdin)
    measure = import_module(f"benchmarks.{sys.argv[1]}").measure
    run = uvloop.run(measure(Target(**parameters["target"]), **parameters["given"]))
    json.dump(asdict(run), sys.stdout)


if __name__ == "__main__":
    main()
