"""What became of the inputs: for people as a table, for programs as lists."""

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from lightning_pose.predict.inputs import Failure

State = Literal["predicted", "smoothed", "kept", "failed"]


class Outcome(NamedTuple):
    """What became of a session or of a set of label files.

    Attributes:
        name: of the session or the label files.
        state: `kept` where everything was there already.
        images: frames of all views that were predicted.
        rate: frames a second.
        confidence: mean over all points.
        error_px: mean reprojection error, or for label files the distance to the labels.
        missing: frames that could not be decoded.
        note: what else there is to know; why it failed.
    """

    name: str
    state: State
    images: int = 0
    rate: float = math.nan
    confidence: float = math.nan
    error_px: float = math.nan
    missing: int = 0
    note: str = ""

    def line(self) -> str:
        """Return it as a line."""
        parts = [f"{self.images} frames" if self.images else ""]
        parts += [f"{self.rate:.0f} frames/s" if not math.isnan(self.rate) else ""]
        parts += [f"confidence {self.confidence:.2f}" if not math.isnan(self.confidence) else ""]
        parts += [f"error {self.error_px:.2f} px" if not math.isnan(self.error_px) else ""]
        kept = "done before and kept (--overwrite predicts anew)"
        told = ", ".join(filter(None, [kept if self.state == "kept" else self.state, *parts]))
        return f"{self.name}: {told}" + (f" ({self.note})" if self.note else "")


@dataclass
class Summary:
    """What became of the inputs, in the order in which they were finished."""

    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)  # of every activity; see `profile`

    @property
    def done(self) -> list[str]:
        """Names of what was predicted or smoothed."""
        return [outcome.name for outcome in self.outcomes if outcome.state in ("predicted", "smoothed")]

    @property
    def kept(self) -> list[str]:
        """Names of what had been predicted before."""
        return [outcome.name for outcome in self.outcomes if outcome.state == "kept"]

    def fail(self, failure: Failure) -> None:
        """Note what could not be done."""
        self.failures.append(failure)
        first_line = failure.reason.split("\n")[0]
        self.outcomes.append(Outcome(failure.what, "failed", note=first_line))

    def table(self) -> Table:
        """Return what can be counted as a table; columns in which nothing stands are left out."""
        columns = {
            "": [outcome.name for outcome in self.outcomes],
            "outcome": [outcome.state for outcome in self.outcomes],
            "frames": [str(outcome.images or "") for outcome in self.outcomes],
            "frames/s": [_number(outcome.rate, 0) for outcome in self.outcomes],
            "confidence": [_number(outcome.confidence, 2) for outcome in self.outcomes],
            "error px": [_number(outcome.error_px, 2) for outcome in self.outcomes],
            "missing": [str(outcome.missing or "") for outcome in self.outcomes],
        }
        columns = {name: cells for name, cells in columns.items() if any(cells)}
        table = Table(box=SIMPLE)
        for name in columns:
            is_number = name not in ("", "outcome")
            table.add_column(
                name, justify="right" if is_number else "left", no_wrap=bool(name), overflow="fold"
            )
        for row in zip(*columns.values(), strict=True):
            table.add_row(*(Text(cell) for cell in row))
        return table

    def notes(self) -> list[str]:
        """Return in lines what is not as it should be: what lacks, what failed and why."""
        return [
            f"{outcome.name}: {', '.join(filter(None, (*_unusual(outcome.state), outcome.note)))}"
            for outcome in self.outcomes
            if outcome.note
        ]


def _unusual(state: State) -> list[str]:
    return [state] if state == "failed" else []


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
