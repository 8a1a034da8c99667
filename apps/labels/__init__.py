"""The label store: a database that keeps every change, and the label files made from it."""

from apps.labels.cells import Cell, Change, FrameTable, Operation, Origin, Result, State
from apps.labels.difference import CellDifference, Difference
from apps.labels.exchange import Materialised
from apps.labels.lock import ReadOnlyError
from apps.labels.store import LabelStore

__all__ = [
    "Cell", "CellDifference", "Change", "Difference", "FrameTable", "LabelStore", "Materialised", "Operation",
    "Origin", "ReadOnlyError", "Result", "State",
]  # fmt: skip
