"""Import of companies, contacts, products and leads from CSV and XLSX files, by a mapping in a TOML file."""

from deploy.imports.kinds import Kind
from deploy.imports.mapping import BadMapping, Mapping, read_mapping
from deploy.imports.run import Counts, Import
from deploy.imports.table import BadFile

__all__ = ["BadFile", "BadMapping", "Counts", "Import", "Kind", "Mapping", "read_mapping"]
