"""Export contacts and companies into CSV and XLSX files that can be imported again."""

from deploy.cli.exports.run import Exported, export

__all__ = ["Exported", "export"]
