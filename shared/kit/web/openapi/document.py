"""Complete the OpenAPI document that FastAPI derives from the routes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from shared.kit.web.openapi.bodies import strip_defaults
from shared.kit.web.openapi.errors import add_errors
from shared.kit.web.openapi.headers import add_headers
from shared.kit.web.openapi.names import plain
from shared.kit.web.openapi.texts import ApiTexts, add_examples, describe_fields, describe_tags

_REF: Final = "#/components/schemas/{model}"


def complete_openapi(app: FastAPI, problem: type[BaseModel], texts: ApiTexts) -> None:
    """Complete the app's OpenAPI when it is first asked for; `problem` is the shape of errors."""
    derive = app.openapi

    def completed() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = derive()
            extended = create_model(problem.__name__, __base__=problem, __doc__=problem.__doc__, **texts.extensions)
            _, definitions = models_json_schema([(extended, "serialization")], ref_template=_REF)
            document["servers"] = [{"url": "/", "description": "The service that this document comes from."}]
            document.setdefault("components", {}).setdefault("schemas", {}).update(definitions["$defs"])
            shape = {"$ref": _REF.format(model=problem.__name__)}
            for method, operation in operations_of(document):
                if taken := operation.get("parameters"):  # an old name is still taken, and shown to nobody new
                    operation["parameters"] = [each for each in taken if not each.get("deprecated")]
                for parameter in operation.get("parameters", ()):
                    parameter["schema"] = _without_null(parameter["schema"])
                operation.setdefault("security", [])  # said, not left out, where no token is needed
                add_errors(method, operation, shape)
            describe_fields(document, texts.fields)
            describe_tags(document, texts.tags)
            add_headers(document)
            add_examples(document, texts.examples)
            strip_defaults(document)
            _reword(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = completed  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def operations_of(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation of the document with its method."""
    for operations in document["paths"].values():
        yield from operations.items()


def _reword(node: Any) -> None:
    """Leave ids of requirements out of every text."""
    if isinstance(node, list):
        for each in node:
            _reword(each)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "description" and isinstance(value, str):
                node[name] = plain(value)
            else:
                _reword(value)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop null from a parameter's schema: HTTP has none."""
    others = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(others) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **others[0]}
