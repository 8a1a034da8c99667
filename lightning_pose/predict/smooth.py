"""Smooth the predictions of an ensemble, session by session."""

from collections.abc import Sequence
from pathlib import Path

from lightning_pose.core.calibration import Rig
from lightning_pose.core.sessions import Session
from lightning_pose.predict.outputs import Layout
from lightning_pose.projects.smoothing import smooth_tables


def smooth_session(layout: Layout, session: Session, rig: Rig | None, members: Sequence[str]) -> bool:
    """Smooth a session, in 3D where its cameras are calibrated, else view by view, unless that has been done.

    Args:
        layout: where predictions are, and smoothed ones go.
        session: with predictions.
        rig: its cameras.
        members: of the ensemble.

    Returns:
        Whether anything was done.

    Raises:
        DataError: when the smoother fails; the last lines that it said are in it.
    """
    tables = {view: [layout.pixels(session, view, member) for member in members] for view in session.videos}
    return smooth_tables(tables, layout.smoothed(session), rig)


def smoother_records(layout: Layout, session: Session) -> list[Path]:
    """Return the files that say that the smoother has ended."""
    return sorted(layout.smoothed(session).glob("*_results.json"))
