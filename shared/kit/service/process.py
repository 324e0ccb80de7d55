"""Run a service as a process until SIGTERM."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import cast

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from shared.kit.settings import ServiceSettings
from shared.kit.telemetry.logs import configure_logging
from shared.kit.web.bounded_protocol import bounded_protocol


class _Server(uvicorn.Server):
    """A server that answers waiting long polls at once after SIGTERM."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        app = cast("FastAPI", self.config.app)
        app.state.app_context.long_polls.release_all()
        super().handle_exit(sig, frame)


def server_config(app: ASGIApp, settings: ServiceSettings) -> uvicorn.Config:
    """Return how uvicorn serves a service."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=bounded_protocol(
            max_body_bytes=settings.max_body_bytes,
            max_connections=settings.max_connections,
            receive_s=settings.max_receive_s,
        ),
        ws="none",  # an upgrade would lead past all limits
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=15,
    )


def run(build: Callable[[], tuple[FastAPI, ServiceSettings]], name: str) -> None:
    """Build a service inside the event loop, and run it until SIGTERM."""

    async def serve() -> None:
        app, settings = build()
        configure_logging(name, settings.log_level)
        structlog.contextvars.bind_contextvars(service=name)
        # The loaded modules stay for ever; collecting them again and again took a quarter of benchmark B4.
        gc.collect()
        gc.freeze()
        await _Server(server_config(app, settings)).serve()

    # Not on uvloop: its transports raise where those of asyncio do not, when a connection is lost in a write, and
    # that ends aiokafka's coordinator for good: the consumer reads nothing from then on (decision 0018).
    with suppress(KeyboardInterrupt):
        asyncio.run(serve())
