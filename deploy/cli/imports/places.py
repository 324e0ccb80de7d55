"""The pipelines and stages of deals that rows name by their names, as people see them, or by their ids. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_contracts.pipelines import DEFAULT_PIPELINE, whole_stage_id


@dataclass(frozen=True)
class Places:
    """The pipelines, each with its stages; what none of them is called stays as it is, for the service to refuse."""

    pipelines: Sequence[Mapping[str, Any]] = ()

    def ids_of(self, made: Mapping[str, Any], wrong: Callable[[str, str], None]) -> dict[str, str]:
        """Return the ids of the pipeline and the stage of a row; `wrong` gets the field of a name that several have."""
        found = dict[str, str]()
        if name := made.get("pipeline_id"):
            found["pipeline_id"] = _id(name, [name], self.pipelines, lambda said: wrong("pipeline_id", said))
        if name := made.get("stage_id"):
            pipeline_id = found.get("pipeline_id", DEFAULT_PIPELINE)
            stages = next((each["stages"] for each in self.pipelines if each["id"] == pipeline_id), ())
            ids = [name, whole_stage_id(pipeline_id, name)]
            found["stage_id"] = _id(name, ids, stages, lambda said: wrong("stage_id", said))
        return found


def _id(name: str, ids: Sequence[str], among: Sequence[Mapping[str, Any]], wrong: Callable[[str], None]) -> str:
    """Return the id of what has one of these ids, or this name; an id goes before a name."""
    if any(each["id"] in ids for each in among):
        return name
    called = [each["id"] for each in among if each["name"].casefold() == name.casefold()]
    if len(called) > 1:
        wrong(f"{name!r} could be {' or '.join(called)}: say which by its id")
    return called[0] if called else name
