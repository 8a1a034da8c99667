"""The page of a session: traces, and the frames that are worth a look."""

from collections.abc import Callable

from lightning_pose.core.calibration import Rig
from lightning_pose.core.sessions import Session
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.frames.files import find_files
from lightning_pose.predict.outputs import Layout


def write_page(
    layout: Layout,
    session: Session,
    rig: Rig | None,
    skeleton: Skeleton,
    *,
    on_frames: Callable[[int], None],
) -> None:
    """Write the report of a session from its tables, smoothed ones too where there are any.

    Raises:
        DataError: when tables cannot be read or do not fit together.
    """
    from lightning_pose.report import write_report

    found = find_files(layout.out, tuple(session.videos), videos={session.name: session.videos})
    write_report(layout.report(session), found[session.name], skeleton, rig=rig, progress=on_frames)
