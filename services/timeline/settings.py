"""Settings of the timeline service: the common ones, and those of its rebuild."""

from pydantic import Field

from shared.kit.settings import ServiceSettings


class TimelineSettings(ServiceSettings):
    """Settings, read from the environment."""

    rebuild_check_s: float = Field(default=0.5, description="interval at which a replica looks for a rebuild to run")
    rebuild_held_s: float = Field(
        default=10.0, ge=2, description="lease of a rebuild: how long after a death another replica continues"
    )
    old_projection_kept_s: float = Field(
        default=600.0, description="time between a switch and dropping the old version"
    )
