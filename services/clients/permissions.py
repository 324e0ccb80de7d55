"""Permissions that routes of the clients API require."""

from typing import Annotated

from shared.kit.web.call import Call, needs

CanRead = Annotated[Call, needs("clients:read")]
CanExport = Annotated[Call, needs("clients:export")]
CanWrite = Annotated[Call, needs("clients:write")]
