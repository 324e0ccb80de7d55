"""Sample the services with py-spy under load, and say in which library they spend their time."""

import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.program import Target, measured
from deploy.local.process import recorded_processes
from deploy.local.services import SERVICES

_OURS: Final = frozenset({"services", "shared", "crm_contracts"})
_RATE: Final = 100
_LEAST: Final = 0.01
_WARM_UP: Final = 100


class NoProfiler(Exception):
    """py-spy is not installed, or may not look into the services."""


def profiler() -> str:
    """Return the path of py-spy.

    Raises:
        NoProfiler: it is not there.
    """
    beside = Path(sys.executable).with_name("py-spy")
    found = str(beside) if beside.exists() else shutil.which("py-spy")
    if found is None:
        raise NoProfiler("py-spy is not installed: `pip install py-spy` into this environment (MIT, 3 MB)")
    return found


async def profile(target: Target, *, seconds: int, callers: int) -> dict[str, dict[str, float]]:
    """Convert leads and sample each service; return its shares of time by library, largest first.

    Raises:
        NoProfiler: py-spy is not there, or saw nothing.
    """
    processes = {name: pid for name, pid in recorded_processes(Path(target.directory)).items() if name in SERVICES}
    operations = max(_WARM_UP, 100 * seconds)
    given: dict[str, Any] = {"warm_up": _WARM_UP, "operations": operations, "pace": {"callers": callers}}
    await measured("ours.conversion", target, **{**given, "operations": _WARM_UP})
    load = asyncio.create_task(measured("ours.conversion", target, **given))
    try:
        # The leads are created first: the conversions begin some seconds later.
        await asyncio.sleep(operations / 300 + 3)
        with TemporaryDirectory() as folder:
            sampled = [_sample(pid, Path(folder) / name, seconds) for name, pid in processes.items()]
            texts = await asyncio.gather(*sampled)
    finally:
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)
    return {name: shares(text.splitlines()) for name, text in zip(processes, texts, strict=True)}


async def _sample(pid: int, file: Path, seconds: int) -> str:
    """Sample who holds the interpreter's lock; return the collapsed stacks."""
    process = await asyncio.create_subprocess_exec(
        *(profiler(), "record", "--gil", "--format", "raw", "--output", str(file), "--pid", str(pid)),
        *("--duration", str(seconds), "--rate", str(_RATE)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise NoProfiler(f"py-spy ended with {process.returncode}: {said.decode()[-500:]}")
    return await asyncio.to_thread(file.read_text, encoding="utf-8")


def shares(stacks: Iterable[str]) -> dict[str, float]:
    """Return the share of samples by library, largest first.

    A sample counts for the innermost library in its stack that is no part of Python: what asyncio or json does, it does
    for its caller.
    """
    counted: Counter[str] = Counter()
    for line in stacks:
        frames, _, number = line.rpartition(" ")
        if frames:
            counted[library(frames.split(";"))] += int(number)
    total = sum(counted.values())
    return {name: number / total for name, number in counted.most_common()}


def library(frames: Iterable[str]) -> str:
    """Return the innermost library of a stack, outermost frame first, each `function (file:line)`."""
    found = "python"
    for frame in frames:
        file = frame.rpartition("(")[2].partition(":")[0]
        name = file.partition("site-packages/")[2].partition("/")[0] or _top(file)
        if name:
            found = name
    return found


def _top(file: str) -> str:
    """Return the package of a path below one of the folders that Python imports from; an empty text for Python's own.

    py-spy cuts off the folder that a module was imported from.
    """
    parts = [part for part in file.split("/") if part]
    if not parts or file.startswith("<"):
        return ""
    ours = next((part for part in parts if part in _OURS), None)
    if ours is not None:
        return "ours"
    name = parts[0].removesuffix(".py")
    return "" if file.startswith("/") or name in sys.stdlib_module_names else name


def shown(found: Mapping[str, float]) -> str:
    """Say the shares of at least a hundredth."""
    return ", ".join(f"{name} {share:.0%}" for name, share in found.items() if share >= _LEAST)
