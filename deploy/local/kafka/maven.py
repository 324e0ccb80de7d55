"""Apache Kafka without Docker, from its Maven artifacts, where Java 17 is.

The jars are fetched once into the user's cache, outside the repository; afterwards Maven is not needed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from uuid_utils.compat import uuid7

from deploy.local.kafka.broker import Kafka
from deploy.local.kafka.properties import LOCAL_CLIENTS, server_properties
from deploy.local.ports import kept_port
from deploy.local.process import ChildProcess
from deploy.local.providers import Provider, ProviderUnavailable

VERSION: Final = "4.4.0"
_HERE: Final = Path(__file__).parent
_OLDEST_JAVA: Final = 17


class MavenKafka(Kafka):
    """One JVM; its data in the stack's directory."""

    provider = "maven"
    settings = LOCAL_CLIENTS

    def __init__(
        self,
        directory: Path,
        jars: Path,
        *,
        more_properties: Mapping[str, str] | None = None,
        format_options: Sequence[str] = (),
    ) -> None:
        """Let `more_properties` win over the local ones, for instance to ask clients for more than an address."""
        port, controller_port = kept_port(directory, "kafka"), kept_port(directory, "kafka-controller")
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self._data = directory / "data" / "kafka"
        self._properties = directory / "data" / "kafka.properties"
        self._settings = {**server_properties(port, controller_port, self._data), **(more_properties or {})}
        self._format_options = list(format_options)
        self._class_path = f"{jars}/*"
        memory = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC"]
        logging = f"-Dlog4j2.configurationFile={_HERE / 'log4j2.xml'}"
        self.runner = ChildProcess(
            "kafka",
            ["java", *memory, logging, "-cp", self._class_path, "kafka.Kafka", str(self._properties)],
            directory=directory,
        )

    def format(self) -> None:
        """Create the empty log directory, with a cluster id of its own; one that is there keeps what it holds."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in self._settings.items()))
        if (self._data / "meta.properties").exists():
            return
        # Not at random: one id in 64 would begin with a dash, which the tool takes for an option.
        cluster = urlsafe_b64encode(uuid7().bytes).decode().rstrip("=")
        tool = ["kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(self._properties)]
        tool += self._format_options
        quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        done = subprocess.run(
            ["java", *quick, "-cp", self._class_path, *tool],  # noqa: S607 - whichever java the check found
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ProviderUnavailable(f"formatting Kafka's log directory failed: {done.stdout}{done.stderr}")


def _check() -> None:
    """Check that Java is new enough and the jars are here; fetch them the first time, so that a failure shows here."""
    java = shutil.which("java")
    if java is None:
        raise ProviderUnavailable("there is no java")
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', shown.stderr)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        raise ProviderUnavailable(f"java is older than {_OLDEST_JAVA}")
    fetch()


def _make(directory: Path) -> MavenKafka:
    kafka = MavenKafka(directory, fetch())
    kafka.format()
    return kafka


def jars_folder() -> Path:
    """Return the folder of the jars; it exists only when complete."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "crm" / f"kafka-{VERSION}"


def fetch() -> Path:
    """Return the folder with Kafka's jars, fetched by Maven the first time.

    Raises:
        ProviderUnavailable: Maven could not fetch them.
    """
    folder = jars_folder()
    if folder.exists():
        return folder
    if shutil.which("mvn") is None:
        raise ProviderUnavailable("there is no mvn to fetch Kafka with")
    print(f"Fetching Apache Kafka {VERSION} with Maven, once ...", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        jars = Path(unfinished) / "jars"
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
        done = subprocess.run(
            ["mvn", "-q", "-B", "-f", str(_HERE / "pom.xml"), *goal],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ProviderUnavailable(f"Maven could not fetch Kafka: {done.stdout[-2000:]}")
        if not folder.exists():  # another start may have been quicker
            jars.rename(folder)
    return folder


PROVIDER: Final = Provider(_check, _make)
