#!/usr/bin/env python
"""Write JSON Schema and sample of every event; `--check` only compares: `python shared/contracts/generate.py`."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from generation.files import PACKAGE, Unreadable, stale, write


def main(arguments: Sequence[str] | None = None, root: Path = PACKAGE) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, name what is stale")
    if parser.parse_args(arguments).check:
        names = stale(root)
        _report(f"stale: {name} (run `make contracts`)" for name in names)
        return 1 if names else 0
    try:
        kept = write(root)
    except Unreadable as error:
        _report([f"can no longer be read: {error}", "Give new fields a default, or publish a .v2 beside it."])
        return 1
    sys.stdout.writelines(f"kept {name}\n" for name in kept)
    orphans = stale(root)
    _report(f"belongs to no event: {name}" for name in orphans)
    return 1 if orphans else 0


def _report(lines: Iterable[str]) -> None:
    sys.stderr.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
