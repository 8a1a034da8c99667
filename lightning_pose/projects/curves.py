"""The course of a training, from the table that it keeps in its folder; nothing of torch is needed."""

import csv
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

CURVES_FILE = Path("logs") / "metrics.csv"


class Curves(NamedTuple):
    """Numbers over the steps of a training.

    Attributes:
        steps: of the optimiser, at the end of every epoch.
        columns: `train_loss`, `val_loss`, `val_pixel_error` (px), `learning_rate`, `train_<part>`; NaN where
            there is none at a step.
    """

    steps: Float[np.ndarray, "T"]
    columns: dict[str, Float[np.ndarray, "T"]]

    def known(self, name: str) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
        """Return the steps at which a column has a number, and the numbers."""
        values = self.columns.get(name, np.zeros(0))
        there = np.isfinite(values)
        return self.steps[: len(values)][there], values[there]


def read_curves(folder: Path) -> Curves | None:
    """Return the course of the training in a model folder; None where there is no table that can be read."""
    try:
        with (folder / CURVES_FILE).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        names = [name for name in rows[0] if name not in ("epoch", "step")]
        steps = np.array([float(row["step"]) for row in rows])
        columns = {name: np.array([_number(row[name]) for row in rows]) for name in names}
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    return Curves(steps, columns)


def _number(text: str | None) -> float:
    return float(text) if text else math.nan
