"""What callers of the deals API need to be allowed."""

from typing import Annotated

from shared.kit.web.call import Call, needs

CanRead = Annotated[Call, needs("deals:read")]
CanWrite = Annotated[Call, needs("deals:write")]
