"""Settings of the timeline service: the common ones, and those of its rebuild."""

from pydantic import Field

from shared.kit.settings import ServiceSettings


class TimelineSettings(ServiceSettings):
    """What timeline needs to start."""

    rebuild_check_s: float = Field(default=0.5, description="how often a replica looks whether there is work to do")
    rebuild_held_s: float = Field(default=10.0, ge=2, description="after a death, until another replica goes on")
    old_projection_kept_s: float = Field(default=600.0, description="after a switch, until what was live is dropped")
