"""What the metrics of this process say."""

from prometheus_client import REGISTRY


def metric(name: str, /, **labels: str) -> float | None:
    """The value of one series; None where it is absent."""
    return REGISTRY.get_sample_value(name, labels)
