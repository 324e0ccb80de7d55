"""What callers of the catalog API need to be allowed."""

from typing import Annotated

from shared.kit.web.call import Call, needs

CanRead = Annotated[Call, needs("catalog:read")]
CanWrite = Annotated[Call, needs("catalog:write")]
CanChangeSettings = Annotated[Call, needs("catalog:settings")]
"""Who may change dictionaries, roles and departments (PERM-05)."""
