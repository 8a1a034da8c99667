"""Errors for people: what was expected, what came, where, what to do."""

from collections.abc import Sequence
from typing import Never


class PoseError(Exception):
    """A fault that the user can mend; the command line prints its message and exits with 2."""


class ConfigError(PoseError):
    """A configuration key or value that cannot be used."""


class DataError(PoseError):
    """A table, label or prediction file that does not say what it should."""


class CalibrationError(PoseError):
    """A missing or impossible camera calibration."""


class VideoError(PoseError):
    """A file that is not a video, or a video that stops half way."""


class ModelError(PoseError):
    """A folder that is not a model, or a model that does not fit its input."""


def raise_collected(kind: type[PoseError], heading: str, faults: Sequence[str]) -> Never:
    """Raise one error of `kind` that lists every fault under a heading.

    Raises:
        PoseError: always, as `kind`; a single fault is appended to the heading's line.
    """
    if len(faults) == 1:
        raise kind(f"{heading}: {faults[0]}")
    raise kind("\n".join([f"{heading}: {len(faults)} faults", *(f"  - {fault}" for fault in faults)]))
