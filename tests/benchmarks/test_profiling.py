"""A sample counts for the library that asked for the work, not for the part of Python that did it."""

import pytest

from benchmarks.profiling import library, shares, shown

LOOP = "run_forever (asyncio/base_events.py:607)"


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([LOOP, "select (selectors.py:468)"], "python"),
        ([LOOP, "_fetch (aiokafka/consumer/fetcher.py:500)", "loads (json/__init__.py:346)"], "aiokafka"),
        ([LOOP, "change (shared/kit/storage/repository.py:80)"], "ours"),
        ([LOOP, "run (services/leads/app.py:9)", "encode (bson/__init__.py:80)"], "bson"),
        ([LOOP, "dump (/srv/.venv/lib/python3.11/site-packages/pydantic/main.py:400)"], "pydantic"),
        ([LOOP, "x (/usr/lib/python3.11/json/encoder.py:1)", "<module> (<string>:1)"], "python"),
        ([LOOP, "handle (crm_contracts/envelope.py:1)", "_f (typing_extensions.py:3)"], "typing_extensions"),
    ],
)
def test_the_innermost_library_outside_of_python_counts(frames: list[str], expected: str) -> None:
    assert library(frames) == expected


def test_shares_are_of_all_samples_and_the_largest_comes_first() -> None:
    found = shares(
        [
            f"{LOOP};_fetch (aiokafka/consumer/fetcher.py:500) 30",
            f"{LOOP};change (shared/kit/storage/repository.py:80) 60",
            f"{LOOP};_decode (aiokafka/record/default_records.py:5) 9",
            f"{LOOP} 1",
            "",
        ]
    )
    assert found == {"ours": 0.6, "aiokafka": 0.39, "python": 0.01}
    assert shown(found | {"rich": 0.001}) == "ours 60%, aiokafka 39%, python 1%"
