"""Show what a service has, and what its errors mean, to callers who do not know it."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from shared.kit.domain import NotFound
from shared.kit.web.context import context_of
from shared.kit.web.error_codes import ErrorCode, error_codes
from shared.kit.web.schemas import Page


class Entrance(BaseModel):
    """What a service has."""

    service: str = Field(description="name of the service")
    description: str = Field(description="what it is for")
    documents: dict[str, str] = Field(description="addresses of its documents, by what they are")
    resources: list[str] = Field(description="addresses of what it has to read")
    routes: dict[str, list[str]] = Field(description="everything that it can be asked: the methods of each address")


def build_entrance() -> APIRouter:
    """Build the routes, which are as open as the documents."""
    routes = APIRouter(tags=["entrance"])

    @routes.get("/", operation_id="readEntrance", summary="List what the service has")
    async def entrance(request: Request) -> Entrance:
        app = request.app
        paths = app.openapi()["paths"]
        return Entrance(
            service=context_of(request).service,
            description=app.description.partition("\n")[0],
            documents={"docs": "/docs", "redoc": "/redoc", "openapi": "/openapi.json", "errors": "/errors"},
            resources=sorted(path for path in paths if path.startswith("/v1/") and "get" in paths[path]),
            routes={path: sorted(method.upper() for method in paths[path]) for path in sorted(paths)},
        )

    @routes.get("/errors", operation_id="listErrorCodes", summary="List the codes of errors")
    async def codes() -> Page[ErrorCode]:
        return Page(items=list(error_codes().values()))

    @routes.get("/errors/{code}", operation_id="getErrorCode", summary="Read what a code of an error means")
    async def code(code: str) -> ErrorCode:
        found = error_codes().get(code)
        if found is None:
            message = f"There is no error with the code {code}; /errors lists them."
            raise NotFound(message)
        return found

    return routes
