"""Import companies, contacts, products and leads from CSV, XLSX and VCF files, by a mapping in a TOML file."""

from deploy.cli.imports.mapping import BadMapping, Mapping, read_mapping
from deploy.cli.imports.outcomes import Counts
from deploy.cli.imports.run import Import
from deploy.cli.imports.table import BadFile
from deploy.cli.imports.targets import Kind

__all__ = ["BadFile", "BadMapping", "Counts", "Import", "Kind", "Mapping", "read_mapping"]
