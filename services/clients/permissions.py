"""Permissions that routes of the clients API require."""

from typing import Annotated

from shared.kit.web.call import Call, reads, writes

CanRead = Annotated[Call, reads("clients:read")]
CanExport = Annotated[Call, reads("clients:export")]
CanWrite = Annotated[Call, writes("clients:write")]
