"""What callers of the clients API must be allowed to do."""

from typing import Annotated

from shared.kit.http import Call, reads, writes

Reading = Annotated[Call, reads("clients:read")]
Exporting = Annotated[Call, reads("clients:export")]
Writing = Annotated[Call, writes("clients:write")]
