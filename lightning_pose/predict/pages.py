"""The page of a session: traces, and the frames that are worth a look."""

from collections.abc import Callable, Sequence

from lightning_pose.core.calibration import Rig
from lightning_pose.core.sessions import Session
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.frames.files import METRICS, SessionFiles, find_smoothed
from lightning_pose.predict.outputs import Layout


def write_page(
    layout: Layout,
    session: Session,
    rig: Rig | None,
    skeleton: Skeleton,
    members: Sequence[str],
    *,
    on_frames: Callable[[int], None],
) -> None:
    """Write the report of a session from its tables, smoothed ones too where there are any.

    Raises:
        DataError: when tables cannot be read or do not fit together.
    """
    from lightning_pose.report import write_report

    files = session_files(layout, session, members)
    write_report(layout.report(session), files, skeleton, rig=rig, progress=on_frames)


def session_files(layout: Layout, session: Session, members: Sequence[str]) -> SessionFiles:
    """Return what there is of a session, by the names that it was written under.

    Nothing is told from names: those of videos may end like those of other tables, as `arena_3d.mp4` does.
    """
    metrics = {
        kind: {
            view: [
                path for member in members if (path := layout.metric(session, view, member, kind)).is_file()
            ]
            for view in session.videos
        }
        for kind in METRICS
    }
    metrics["reprojection_error"] = {
        view: [path] for view in session.videos if (path := layout.reprojection(session, view)).is_file()
    }
    world, folder = layout.world(session), layout.smoothed(session)
    has_smoothed = any(folder.glob("*.csv"))  # none where the smoother failed
    smoothed, records, _ = find_smoothed(folder, tuple(session.videos)) if has_smoothed else ({}, [], "")
    return SessionFiles(
        session.name,
        {view: [layout.pixels(session, view, member) for member in members] for view in session.videos},
        {kind: views for kind, views in metrics.items() if any(views.values())},
        world if world.is_file() else None,
        smoothed,
        records,
        session.videos,
        layout.report(session).parent,
    )
