"""Where the services of a running CRM are, and a token for them.

A CRM that is not the local stack is named by `CRM_LEADS_URL` and its four like. It needs a token in `CRM_TOKEN`, or the
private key that it trusts in the file `CRM_PRIVATE_KEY_FILE`, as the compose file has it. The token in `CRM_TOKEN`
counts for the local stack, too; without one an operator uses it.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from deploy.cli.client import SERVICES, Crm
from deploy.local import state
from deploy.local.keys import Keys, find_keys
from shared.kit.settings import KafkaSettings

if TYPE_CHECKING:
    # What starts a stack is not in the image of `crm`.
    from deploy.local.stack import LocalStack

OPERATOR = "crm-operator"
_MINUTES = 12 * 60


class NotRunning(Exception):
    """No stack runs here, and no other is named."""


@dataclass(frozen=True)
class Connection:
    """How to reach a CRM; `kafka` is None where that is not known."""

    urls: dict[str, str]
    token: str
    servers: str
    """The providers and addresses of Kafka and MongoDB."""
    kafka: KafkaSettings | None
    verifies_topic_configs: bool = True

    @classmethod
    def to(cls, stack: "LocalStack") -> Self:
        """Connect to a stack of this process."""
        return cls(
            urls={name: stack.services[name].url for name in SERVICES},
            token=_token(stack.keys),
            servers=stack.as_running().servers,
            kafka=KafkaSettings.of(stack.kafka.environment),
            verifies_topic_configs=stack.kafka.verifies_topic_configs,
        )

    @classmethod
    def find(cls) -> Self:
        """Find the CRM that the environment names, or else the detached stack of this machine.

        Raises:
            NotRunning: there is neither.
        """
        named = {name: url for name in SERVICES if (url := os.environ.get(f"CRM_{name.upper()}_URL"))}
        if named:
            missing = [f"CRM_{name.upper()}_URL" for name in SERVICES if name not in named]
            missing += [] if {"CRM_TOKEN", "CRM_PRIVATE_KEY_FILE"} & os.environ.keys() else ["CRM_TOKEN"]
            if missing:
                raise NotRunning(f"also needed: {', '.join(missing)}")
            kafka = KafkaSettings() if "KAFKA_BOOTSTRAP_SERVERS" in os.environ else None
            return cls(named, _given_token() or _token(find_keys(Path())), "named by CRM_*_URL", kafka)
        stack = state.load()
        if stack is None:
            raise NotRunning("no stack runs here: `crm up` starts one, or CRM_LEADS_URL and its like name another")
        return cls(
            urls=stack.services,
            token=_given_token() or _token(Keys(Path(stack.private_key), Path(stack.jwks))),
            servers=stack.servers,
            kafka=KafkaSettings.of(stack.kafka_environment),
            verifies_topic_configs=stack.kafka_provider != "tansu",
        )

    def crm(self) -> Crm:
        """Return a client with this token."""
        return Crm(self.urls, self.token)


def _given_token() -> str | None:
    return os.environ.get("CRM_TOKEN") or None


def _token(keys: Keys) -> str:
    return keys.token(OPERATOR, roles=["admin"], minutes=_MINUTES)
