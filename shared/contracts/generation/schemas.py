"""Generate the JSON Schema of an event's data."""

import json
from collections.abc import Mapping
from inspect import getdoc
from typing import Any, Final

from crm_contracts.envelope import Event
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _WireSchema(GenerateJsonSchema):
    """Schema of the wire: a decimal may be read from several forms, but only the string is ever written."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """Describe a decimal number as text."""
        del schema
        return {"type": "string", "pattern": r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"}

    def model_fields_schema(self, schema: core_schema.ModelFieldsSchema) -> JsonSchemaValue:
        """Describe derived fields as well: written, never read, and absent from older events."""
        described = super().model_fields_schema(schema)
        derived = {field["property_name"]: self.generate_inner(field) for field in schema.get("computed_fields", ())}
        return {**described, "properties": {**described.get("properties", {}), **derived}} if derived else described


def schema_text(event: type[Event]) -> str:
    """Return the JSON Schema of an event's data; fields with defaults are optional, because older events lack them."""
    generated = event.model_json_schema(schema_generator=_WireSchema)
    head = {"$schema": DIALECT, "$id": f"urn:crm:event:{event.ce_type}", "title": event.__name__}
    head["description"] = getdoc(event) or ""
    return json_text({**head, **{name: part for name, part in generated.items() if name not in head}})


def json_text(document: Mapping[str, Any]) -> str:
    """Format a document as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
