"""Whether a system keeps its promises, judged by its databases and topics alone: `crm verify`, the oracle of tests."""

from deploy.verify.findings import Finding, Report
from deploy.verify.log import LogAway
from deploy.verify.run import PROMISES, verify
from deploy.verify.where import NothingToVerify, Where

__all__ = ["PROMISES", "Finding", "LogAway", "NothingToVerify", "Report", "Where", "verify"]
