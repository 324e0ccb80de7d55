"""Write the golden masters anew: `python -m tests.golden`, into another folder if one is named.

It runs in an interpreter of its own, so that nothing which other tests define, set or count is taken for the product's.
"""

import asyncio
import logging
import sys
from pathlib import Path

import structlog

from tests.golden.comparison import MASTERS, write
from tests.golden.product import everything


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    write(asyncio.run(everything()), Path(sys.argv[1]) if sys.argv[1:] else MASTERS)


main()
