"""What callers of the leads API need to be allowed."""

from typing import Annotated

from shared.kit.web.call import Call, needs

CanRead = Annotated[Call, needs("leads:read")]
CanWrite = Annotated[Call, needs("leads:write")]
CanChangeSettings = needs("leads:settings")
"""Who may change the stages of leads and the mode of the CRM (PERM-05)."""
