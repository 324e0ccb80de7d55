"""Make the FastAPI app of a service."""

from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.gzip import GZipMiddleware

from shared.kit.web.context import AppContext
from shared.kit.web.correlation import Correlation
from shared.kit.web.limits import Limits
from shared.kit.web.openapi.document import complete_openapi
from shared.kit.web.openapi.guide import GUIDE
from shared.kit.web.openapi.names import operation_id
from shared.kit.web.openapi.texts import NO_TEXTS, ApiTexts
from shared.kit.web.problems import Problem, add_error_handlers
from shared.kit.web.reading import Heads

_WORTH_PACKING = 1000
"""Bytes of an answer from which gzip saves more than it costs."""


def make_app(
    app_context: AppContext,
    routers: Sequence[APIRouter],
    lifespan: Callable[[], Any],
    *,
    description: str,
    texts: ApiTexts = NO_TEXTS,
) -> FastAPI:
    """Make the app, with API docs that need no internet."""

    @asynccontextmanager
    async def lifespan_of(_: FastAPI) -> Any:
        async with lifespan():
            yield

    app = FastAPIOffline(
        title=f"CRM {app_context.service}",
        description=f"{description}\n\n{GUIDE}",
        version="1",
        generate_unique_id_function=operation_id,
        lifespan=lifespan_of,
        # A redirect would go to whatever the caller's Host header names.
        redirect_slashes=False,
        # Errors are described below; without this, FastAPI adds its own 422.
        responses={"default": {"description": "A problem."}},
    )
    app.state.app_context = app_context
    add_error_handlers(app)
    for each in routers:
        app.include_router(each)
    app.add_middleware(GZipMiddleware, minimum_size=_WORTH_PACKING)
    app.add_middleware(Heads)
    app.add_middleware(Limits, max_body_bytes=app_context.max_body_bytes, max_header_bytes=app_context.max_header_bytes)
    app.add_middleware(Correlation, traces=app_context.traces)
    complete_openapi(app, Problem, texts)
    return app
