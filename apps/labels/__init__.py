"""The label store: a database that keeps every change, and the label files made from it."""

from apps.labels.cells import Cell, Change, FrameTable, Operation, Origin, Result, State
from apps.labels.store import LabelStore, ReadOnlyError

__all__ = [
    "Cell", "Change", "FrameTable", "LabelStore", "Operation", "Origin", "ReadOnlyError", "Result", "State",
]  # fmt: skip
