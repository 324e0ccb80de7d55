"""Take JSON and no other content type."""

import re
from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException

_JSON: Final = re.compile(r"application/([\w.+-]+\+)?json\s*(;.*)?", re.IGNORECASE)


class WrongContentType(HTTPException):
    """The body is not JSON."""

    code = "wrong_content_type"

    def __init__(self, given: str) -> None:
        super().__init__(415, f"The body is {given or 'of no type'}; send JSON with Content-Type: application/json.")


def check_content_type(request: Request) -> None:
    """Check that the body is said to be JSON.

    Raises:
        WrongContentType: it is said to be something else, or nothing is said.
    """
    given = request.headers.get("content-type", "")
    if not _JSON.fullmatch(given.strip()):
        raise WrongContentType(given.partition(";")[0].strip()[:100])
