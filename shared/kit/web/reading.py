"""Spare the answer to a reader who has it, or who wants its headers alone."""

from typing import Final

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FOUND: Final = ("route", "endpoint", "path_params")


class Heads:
    """Middleware that answers HEAD as GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request as an ASGI application."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        # A copy: the server has to know that the answer to this request has no body.
        inner = {**scope, "method": "GET"}
        try:
            await self._app(inner, receive, send_head)
        finally:
            scope.update({name: inner[name] for name in _FOUND if name in inner})


def spared(request: Request, response: Response) -> Response:
    """Answer 304 where the reader has this version already (`If-None-Match`), else the response."""
    etag = response.headers.get("etag")
    known = ",".join(request.headers.getlist("if-none-match"))
    if request.method != "GET" or not etag or not known:
        return response
    versions = {each.strip().removeprefix("W/") for each in known.split(",")}
    return Response(status_code=304, headers={"ETag": etag}) if versions & {etag, "*"} else response
