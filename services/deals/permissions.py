"""What callers of the deals API need to be allowed."""

from typing import Annotated

from shared.kit.web.call import Call, reads, writes

CanRead = Annotated[Call, reads("deals:read")]
CanWrite = Annotated[Call, writes("deals:write")]
