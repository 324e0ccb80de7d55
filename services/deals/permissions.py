"""What callers of the deals API need to be allowed."""

from typing import Annotated

from shared.kit.web.call import Call, needs

CanRead = Annotated[Call, needs("deals:read")]
CanExport = Annotated[Call, needs("deals:export")]
CanWrite = Annotated[Call, needs("deals:write")]
CanChangeSettings = Annotated[Call, needs("deals:settings")]
"""Who may change pipelines and their stages (PERM-05)."""
