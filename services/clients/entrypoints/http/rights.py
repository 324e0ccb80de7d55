"""What callers of the clients API must be allowed to do."""

from typing import Annotated

from shared.kit.web.call import Call, reads, writes

CanRead = Annotated[Call, reads("clients:read")]
Exporting = Annotated[Call, reads("clients:export")]
CanWrite = Annotated[Call, writes("clients:write")]
