"""The five services as processes, as the images run them: `python -m services.<name>.app`.

The surprise: what a service gets to know comes from one function here, `service_environment`; the compose file names
the same variables, and a test compares the two.
"""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local.kafka import Kafka
from deploy.local.keys import Keys
from deploy.local.mongo import Mongo
from deploy.local.process import ChildProcess
from deploy.local.waiting import START_DEADLINE_S
from deploy.tokens import AUDIENCE, ISSUER

SERVICES: Final = ("leads", "deals", "clients", "catalog", "timeline")
DEFAULT_PORTS: Final = dict(zip(SERVICES, range(8101, 8106), strict=True))
DATABASE_PREFIX: Final = "crm_"
ROOT: Final = Path(__file__).resolve().parents[2]
# HTTP requests get 15 s, running handlers 15 s, the last flush 5 s.
_STOP_DEADLINE_S: Final = 40.0
_OK: Final = 200


def service_environment(port: int, *, kafka: Kafka, mongo: Mongo, keys: Keys) -> dict[str, str]:
    """All that a service is told."""
    return {
        "CRM_HOST": "127.0.0.1",
        "CRM_PORT": str(port),
        "CRM_DATABASE_PREFIX": DATABASE_PREFIX,
        "CRM_JWKS_FILE": str(keys.jwks),
        "CRM_JWT_ISSUER": ISSUER,
        "CRM_JWT_AUDIENCE": AUDIENCE,
        **kafka.environment,
        **mongo.environment,
    }


class ServiceProcess:
    """One replica of a service on its own port, which it keeps when it is restarted."""

    def __init__(self, name: str, port: int, environment: Mapping[str, str], *, directory: Path, replica: str) -> None:
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
        self._process = ChildProcess(
            f"{name}-{replica}" if replica else name,
            [sys.executable, "-m", f"services.{name}.app"],
            directory=directory,
            environment=self._environment,
            working_directory=ROOT,
        )

    @property
    def is_running(self) -> bool:
        return self._process.running

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self._process.log

    def start(self) -> None:
        """Start it, without waiting."""
        self._process.start()

    def wait_ready(self, deadline_s: float = START_DEADLINE_S) -> None:
        """Return when it accepts writes."""
        self._process.wait_ready(lambda: answers_ok(f"{self.url}/health/ready"), deadline_s)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def terminate(self) -> bool:
        """SIGTERM: it finishes what it began; False where the grace period was too short, and it was killed."""
        return self._process.terminate(_STOP_DEADLINE_S)

    def pause(self) -> None:
        """SIGSTOP."""
        self._process.pause()

    def resume(self) -> None:
        """SIGCONT."""
        self._process.resume()

    def restart(self, extra_environment: Mapping[str, str] | None = None) -> None:
        """End it if it runs and start it again; the extra environment holds for this run alone. Does not wait."""
        self._process.terminate(_STOP_DEADLINE_S)
        self._process.environment = {**self._environment, **(extra_environment or {})}
        self._process.start()


def answers_ok(url: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == _OK)
    except (urllib.error.URLError, OSError):
        return False
