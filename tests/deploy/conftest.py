"""Stacks that a test may kill, apart from the session's one."""

import pytest


@pytest.fixture
def on_tansu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the provider that starts at once: the supervision is tested, not the broker."""
    monkeypatch.setenv("CRM_KAFKA", "tansu")
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
