"""Read the table of an import from a file of any supported format."""

from pathlib import Path

from deploy.cli.imports.table import BadFile, Table, read_csv
from deploy.cli.imports.workbook import read_workbook


def read_table(file: Path, sheet: str | None = None) -> Table:
    """Read a CSV file, or a sheet of an XLSX file, which is the first unless another is named.

    Raises:
        BadFile: it cannot be read, or has no header.
    """
    match file.suffix.lower():
        case ".csv" | ".txt" | "" if sheet is None:
            return read_csv(file)
        case ".xlsx" | ".xlsm":
            return read_workbook(file, sheet)
        case _ if sheet is not None:
            raise BadFile(f"{file.name} has no sheets: only an XLSX file has")
        case suffix:
            raise BadFile(f"{file.name} is neither a CSV nor an XLSX file, but {suffix}")
