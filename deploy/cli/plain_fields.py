"""The fields of an element that one cell of a file holds, from the catalogue: a new one is there at once."""

from crm_contracts.elements import ElementType

from shared.elements.domain.fields import catalogue_of


def plain_fields(type_: ElementType) -> list[str]:
    """List the fields that users edit and that are neither lists nor values with parts."""
    several = {"list", "object", "money"}
    fields = catalogue_of(type_).values()
    return [
        field.name
        for field in fields
        if field.is_writable and not field.is_list and field.kind not in several and field.path == field.name
    ]
