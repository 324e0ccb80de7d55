"""Share the session's stack, end everything with the run, and say at the end what was left out."""

import signal
from collections.abc import Sequence
from typing import Any

import pytest
import pytest_asyncio

from deploy.local.kafka import Kafka, choose_kafka
from deploy.local.mongo import Mongo, choose_mongo
from deploy.local.reaper import Reaper
from shared.kit.storage import kept
from tests.builders.dictionaries import published_dictionaries
from tests.ending import end_at_sigterm, the_run_ends
from tests.kit.topics import Record
from tests.stack import drop_later, kafka, leave_out_what_needs_real_kafka, left_out, local_stack, mongo, test_directory

__all__ = ["drop_later", "kafka", "local_stack", "mongo", "test_directory"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def dictionaries(kafka: Kafka, mongo: Mongo, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Record]:
    """What catalog published of its dictionaries when it started, for services that are tested without it."""
    return await published_dictionaries(kafka, mongo, tmp_path_factory.mktemp("catalog"))


@pytest.fixture(autouse=True)
def nothing_is_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests store roles, dictionaries and the like beside the service of their process, as another replica would."""
    monkeypatch.setattr(kept, "FRESH_S", 0.0)


def pytest_configure() -> None:
    """Children of a run in the background would inherit that Ctrl-C is ignored; some tests send it to them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    end_at_sigterm()


def pytest_keyboard_interrupt() -> None:
    the_run_ends()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    """In each worker of xdist as well. Never released: what fixtures could not end is ended after this process."""
    Reaper()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_what_needs_real_kafka(config, items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """With `-n`, each worker has collected the same tests, and left out the same of them."""
    node.config.stash[left_out] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash[left_out]


def pytest_report_header() -> str:
    return f"providers: Kafka {choose_kafka()}, MongoDB {choose_mongo()}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    number = config.stash.get(left_out, 0)
    if number:
        terminalreporter.section("real Kafka")
        terminalreporter.line(f"{number} tests marked real_kafka were left out: this run used Tansu, not Apache Kafka")
