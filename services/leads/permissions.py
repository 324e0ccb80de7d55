"""What callers of the leads API need to be allowed."""

from typing import Annotated

from shared.kit.web.call import Call, reads, writes

CanRead = Annotated[Call, reads("leads:read")]
CanWrite = Annotated[Call, writes("leads:write")]
