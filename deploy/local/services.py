"""Run the five services as processes, as the images run them: `python -m services.<name>.app`.

All settings of a service come from one function here, `service_environment`; the compose file has the same variables,
and a test compares the two.
"""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.local.keys import Keys
from deploy.local.process import ChildProcess
from deploy.local.tokens import trusted
from deploy.local.waiting import START_DEADLINE_S

if TYPE_CHECKING:
    # What starts servers is not in the image of `crm`, which needs the names alone.
    from deploy.local.kafka import Kafka
    from deploy.local.mongo import Mongo

SERVICES: Final = ("leads", "deals", "clients", "catalog", "timeline")
DEFAULT_PORTS: Final = dict(zip(SERVICES, range(8101, 8106), strict=True))
DATABASE_PREFIX: Final = "crm_"
ROOT: Final = Path(__file__).resolve().parents[2]
# HTTP requests get 15 s, running handlers 15 s, the last flush 5 s.
_STOP_DEADLINE_S: Final = 40.0
_OK: Final = 200


def service_environment(port: int, *, kafka: "Kafka", mongo: "Mongo", keys: Keys) -> dict[str, str]:
    """Return the environment variables of a service."""
    return {
        "CRM_HOST": "127.0.0.1",
        "CRM_PORT": str(port),
        "CRM_DATABASE_PREFIX": DATABASE_PREFIX,
        "CRM_JWKS_FILE": str(keys.jwks),
        "CRM_INITIAL_MODE": "classic",  # the demo and the tests have leads that stay
        **trusted(),
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
        """The file of its output."""
        return self._process.log

    def start(self) -> None:
        """Start it, without waiting."""
        self._process.start()

    def wait_ready(self, deadline_s: float = START_DEADLINE_S) -> None:
        """Return when it accepts writes."""
        self._process.wait_ready(lambda: answers_ok(f"{self.url}/health/ready"), deadline_s)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()

    def terminate(self) -> bool:
        """Send SIGTERM, so that it finishes its work; return False if it was killed after the grace period."""
        return self._process.terminate(_STOP_DEADLINE_S)

    def pause(self) -> None:
        """Send SIGSTOP."""
        self._process.pause()

    def resume(self) -> None:
        """Send SIGCONT."""
        self._process.resume()

    def restart(self, extra_environment: Mapping[str, str] | None = None) -> None:
        """End it if it runs and start it again, without waiting; the extra environment is for this run alone."""
        self._process.terminate(_STOP_DEADLINE_S)
        self._process.environment = {**self._environment, **(extra_environment or {})}
        self._process.start()


def answers_ok(url: str) -> bool:
    """Return whether a GET is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == _OK)
    except (urllib.error.URLError, OSError):
        return False
