"""Read the table of an import from a file of any supported format."""

from collections.abc import Collection
from pathlib import Path

from deploy.cli.imports.csv_file import read_csv
from deploy.cli.imports.table import BadFile, Table
from deploy.cli.imports.vcards import read_vcards
from deploy.cli.imports.workbook import read_workbook


def read_table(
    file: Path,
    sheet: str | None = None,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    columns: Collection[str] = (),
) -> Table:
    """Read a CSV file, the cards of a VCF file, or a sheet of an XLSX file, the first unless another is named.

    What is not given of a CSV file is recognised, with the help of the `columns` that it should have.

    Raises:
        BadFile: it cannot be read, has no header, or an option means nothing for its format.
    """
    suffix = file.suffix.lower()
    if sheet is not None and suffix not in {".xlsx", ".xlsm"}:
        raise BadFile(f"{file.name} has no sheets: only an XLSX file has")
    if delimiter is not None and suffix in {".xlsx", ".xlsm", ".vcf", ".vcard"}:
        raise BadFile(f"{file.name} has no delimiter: only a CSV file has")
    match suffix:
        case ".csv" | ".txt" | ".tsv" | "":
            return read_csv(file, encoding=encoding, delimiter=delimiter, columns=columns)
        case ".vcf" | ".vcard":
            return read_vcards(file, encoding=encoding)
        case ".xlsx" | ".xlsm" if encoding is not None:
            raise BadFile(f"{file.name} has no encoding: only a text file has")
        case ".xlsx" | ".xlsm":
            return read_workbook(file, sheet)
        case _:
            raise BadFile(f"{file.name} is neither a CSV, an XLSX nor a VCF file, but {suffix}")
