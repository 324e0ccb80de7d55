"""Import companies, contacts, products and leads from CSV and XLSX files, by a mapping in a TOML file."""

from deploy.cli.imports.mapping import BadMapping, Mapping, read_mapping
from deploy.cli.imports.run import Counts, Import
from deploy.cli.imports.table import BadFile
from deploy.cli.imports.targets import Kind

__all__ = ["BadFile", "BadMapping", "Counts", "Import", "Kind", "Mapping", "read_mapping"]
