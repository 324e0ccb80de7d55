"""HTTP API of dictionaries."""

from crm_contracts.dictionaries import DictionaryValue
from fastapi import APIRouter, Response

from services.catalog.dictionary.domain.dictionary import Dictionary
from services.catalog.dictionary.domain.seeds import SEEDS
from services.catalog.dictionary.schemas import DictionaryOut, ValueFieldsIn, ValueIn
from services.catalog.dictionary.usecases import (
    add_dictionary_value,
    change_dictionary_value,
    delete_dictionary_value,
)
from services.catalog.permissions import CanChangeSettings, CanRead
from shared.kit.storage.repository import Repository
from shared.kit.web.call import etag
from shared.kit.web.conditions import IfMatch
from shared.kit.web.routes import router
from shared.kit.web.schemas import Page, Truth


def build_router(*, dictionaries: Repository[Dictionary]) -> APIRouter:
    """Build the endpoints."""
    api = router()
    api.tags = ["dictionaries"]
    _add_reads(api, dictionaries)
    _add_writes(api, dictionaries)
    _add_delete(api, dictionaries)
    return api


def _add_reads(api: APIRouter, dictionaries: Repository[Dictionary]) -> None:
    @api.get("/dictionaries", name="listed")
    async def list_dictionaries(call: CanRead) -> Page[DictionaryOut]:
        """List all dictionaries with their values (DICT-01)."""
        guarded = call.guard(dictionaries)
        return Page(items=[DictionaryOut.of(await guarded.get(code)) for code in SEEDS])

    @api.get("/dictionaries/{code}")
    async def read_dictionary(code: str, call: CanRead, response: Response) -> DictionaryOut:
        """Read a dictionary, its values in their order (DICT-02)."""
        return _shown(await call.guard(dictionaries).get(code), response)


def _add_writes(api: APIRouter, dictionaries: Repository[Dictionary]) -> None:
    @api.post("/dictionaries/{code}/values", status_code=201)
    async def add_value(
        code: str, body: ValueIn, call: CanChangeSettings, if_match: IfMatch, response: Response
    ) -> DictionaryValue:
        """Add a value (DICT-02); the ETag is the dictionary's."""
        guarded = call.guard(dictionaries)
        dictionary = await add_dictionary_value(
            code,
            body.code,
            body.name,
            body.sort,
            call.cause,
            rate=body.rate,
            dictionaries=guarded,
            expected_version=if_match,
        )
        response.headers["Location"] = f"/v1/dictionaries/{code}/values/{body.code}"
        return _shown_value(dictionary, body.code, response)

    @api.patch("/dictionaries/{code}/values/{value}")
    async def change_value(
        code: str, value: str, body: ValueFieldsIn, call: CanChangeSettings, if_match: IfMatch, response: Response
    ) -> DictionaryValue:
        """Update a value's name or sort index (DICT-02); the ETag is the dictionary's."""
        dictionary = await change_dictionary_value(
            code,
            value,
            body.fields(),
            call.cause,
            dictionaries=call.guard(dictionaries),
            expected_version=if_match,
        )
        return _shown_value(dictionary, value, response)


def _add_delete(api: APIRouter, dictionaries: Repository[Dictionary]) -> None:
    @api.delete("/dictionaries/{code}/values/{value}")
    async def delete_value(
        code: str,
        value: str,
        call: CanChangeSettings,
        if_match: IfMatch,
        response: Response,
        force: Truth = False,  # noqa: FBT002 - a query parameter
    ) -> DictionaryOut:
        """Delete a value, a system value by force only; elements that have it keep it (DICT-02)."""
        guarded = call.guard(dictionaries)
        dictionary = await delete_dictionary_value(
            code, value, call.cause, dictionaries=guarded, by_force=force, expected_version=if_match
        )
        return _shown(dictionary, response)


def _shown(dictionary: Dictionary, response: Response) -> DictionaryOut:
    response.headers.update(etag(dictionary.version))
    return DictionaryOut.of(dictionary)


def _shown_value(dictionary: Dictionary, code: str, response: Response) -> DictionaryValue:
    response.headers.update(etag(dictionary.version))
    return dictionary.value(code)
