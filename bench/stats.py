"""The few figures that a row is made of."""

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share (0 to 1) lies, by nearest rank; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def median(values: Sequence[float]) -> float:
    """The middle of the rounds; 0 without any."""
    return float(statistics.median(values)) if values else 0.0


def spread(values: Sequence[float]) -> str:
    """The lowest and the highest round, to show how noisy the machine was."""
    return f"{min(values):,.4g} to {max(values):,.4g}" if values else "no rounds"


def ratio(value: float, baseline: float) -> float:
    """value / baseline; 0 when the baseline measured nothing."""
    return value / baseline if baseline else 0.0
