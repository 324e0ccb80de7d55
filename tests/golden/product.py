"""Ask the product for everything that reaches the wire or the disk; no other file here imports any of it.

Names of modules are in no master, and names of classes only where they reach the wire themselves.
"""

import asyncio
import json
import os
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

import crm_contracts
import httpx
from crm_contracts import registry
from crm_contracts.topics import dead_letters
from fastapi import FastAPI, Request
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import services
import shared
from deploy.topics import read_topics
from shared.kit.domain import Aggregate, Conflict, DomainError, Invalid, NotFound, Refused, Unavailable
from shared.kit.web.problems import domain_problem
from tests.golden.canonical import nameless, openapi, undescribed
from tests.golden.drivers import stand_ins
from tests.kit.tokens import Signer

T = TypeVar("T")

SERVICES: Final = sorted(module.name for module in pkgutil.iter_modules(services.__path__))
_KINDS: Final = (NotFound, Refused, Invalid, Conflict, Unavailable)
_OURS: Final = ("CRM_", "KAFKA_", "MONGODB_", "OTEL_")
_SETTINGS: Final = {"CRM_VERSION": "golden", "CRM_SHUTDOWN_FLUSH_S": "0.01"}


async def everything() -> dict[str, Any]:
    """All masters by name, as of now; settings are the defaults, whatever the environment says."""
    for package in (services, shared):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        del os.environ[name]
    with TemporaryDirectory() as folder:
        signer = Signer(Path(folder) / "jwks.json")
        os.environ.update(_SETTINGS, CRM_JWKS_FILE=str(signer.jwks_file))
        seen = {name: await _seen(name, signer) for name in SERVICES}
    about = {about: {name: seen[name][about] for name in SERVICES} for about in ("mongodb", "permissions", "series")}
    return {
        **{f"openapi-{name}": seen[name]["openapi"] for name in SERVICES},
        **about,
        "documents": _documents(),
        "errors": _errors(),
        "kafka": {**{name: seen[name]["kafka"] for name in SERVICES}, "topics": _topics()},
        "metrics": {name: metric for each in _metrics() for name, metric in _described(each).items()},
        "samples": _files("samples"),
        "schemas": {name: undescribed(schema) for name, schema in _files("schemas").items()},
    }


async def _seen(name: str, signer: Signer) -> dict[str, Any]:
    """What one service says and asks for while it is built, started and stopped."""
    for metric in _metrics():
        if metric._labelnames:
            metric.clear()
    with stand_ins() as asked:
        app, _ = import_module(f"services.{name}.app").build()
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0)  # each job begins
            series = _series()
            permissions = await _permissions(app, signer)
    service = app.state.service
    heard = sorted(topic for topics in asked.groups.values() for topic in topics)
    kafka = {
        "groups": {group: sorted(topics) for group, topics in asked.groups.items()},
        "parks in": [dead_letters(topic, name) for topic in heard],
        "says": {service.topic: sorted(event.ce_type for event in registry.PUBLISHED[service.topic])},
        "source": service.source,
    }
    return {
        "kafka": kafka,
        "mongodb": asked.databases,
        "openapi": openapi(app.openapi()),
        "permissions": permissions,
        "series": series,
    }


async def _permissions(app: FastAPI, signer: Signer) -> dict[str, str]:
    """What a caller without any permission is told to need, by operation; a service, since no role is known here."""
    found = {}
    headers = {"authorization": f"Bearer {signer.token(kind='service', roles=[], scope='nothing:at-all')}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://golden", headers=headers) as http:
        for path, operations in app.openapi()["paths"].items():
            for method in operations:
                answer = await http.request(method, re.sub(r"\{[^}]*\}", "x", path))
                told = answer.json()["detail"].split()[2] if answer.status_code == httpx.codes.FORBIDDEN else "none"
                found[f"{method.upper()} {nameless(path)}"] = told
    return found


def _metrics() -> Iterator[MetricWrapperBase]:
    """All but those that the client library brings along."""
    for collector in list(REGISTRY._collector_to_names):
        if isinstance(collector, MetricWrapperBase):
            yield collector


def _described(metric: MetricWrapperBase) -> dict[str, Any]:
    buckets = {"buckets": metric._kwargs["buckets"]} if "buckets" in metric._kwargs else {}
    return {family.name: {"type": family.type, "labels": metric._labelnames, **buckets} for family in metric.describe()}


def _series() -> dict[str, list[str]]:
    """The label values of each metric that has any."""
    return {
        metric._name: sorted(" ".join(map(str, labels)) for labels in metric._metrics)
        for metric in _metrics()
        if metric._labelnames and metric._metrics
    }


def _below(kind: type[T]) -> Iterator[type[T]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _below(each)


def _errors() -> dict[str, list[str]]:
    """Kinds and statuses of each code."""
    found: dict[str, set[str]] = {}
    for error in _below(DomainError):
        kind = next((kind.__name__ for kind in _KINDS if issubclass(error, kind)), "none")
        raised = error.__new__(error)
        DomainError.__init__(raised)  # some want to know more than their kind needs
        answer = domain_problem(Request({"type": "http", "headers": []}), raised)
        found.setdefault(error.code, set()).add(f"{kind}/{answer.status_code}")
    return {code: sorted(answers) for code, answers in found.items()}


def _documents() -> dict[str, Any]:
    """What aggregates look like in MongoDB, by name: it is part of documents and labels, too."""
    return {
        kind.__name__: undescribed(kind.model_json_schema(mode="serialization"))
        for kind in _below(Aggregate)
        if "NOUN" in vars(kind)
    }


def _topics() -> dict[str, Any]:
    return {topic.name: {"partitions": topic.partitions, "config": topic.config} for topic in read_topics()}


def _files(folder: str) -> dict[str, Any]:
    """The committed files of the contracts, by their path."""
    root = Path(crm_contracts.__file__).parent / folder
    return {file.relative_to(root).as_posix(): json.loads(file.read_text()) for file in sorted(root.rglob("*.json"))}
