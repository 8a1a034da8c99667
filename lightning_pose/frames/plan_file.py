"""Chosen frames in a file: looked at first, and written later exactly as they were looked at."""

import json
from collections.abc import Sequence
from pathlib import Path

from lightning_pose.core.errors import DataError
from lightning_pose.core.files import write_json
from lightning_pose.core.project import Project
from lightning_pose.core.sessions import check_session
from lightning_pose.frames.extraction import Pick, Plan, extracted_frames


def write_plans(path: Path | str, plans: Sequence[Plan]) -> None:
    """Write the chosen frames of sessions as JSON."""
    sessions = [
        {
            "session": plan.session.name,
            "videos": {view: str(video.resolve()) for view, video in plan.session.videos.items()},
            "context": plan.context,
            "frames": [
                {"frame": pick.frame, "method": pick.method, "reasons": list(pick.reasons)}
                for pick in plan.picks
            ],
        }
        for plan in plans
    ]
    write_json(path, {"sessions": sessions})


def read_plans(path: Path | str, project: Project) -> list[Plan]:
    """Read chosen frames that were not extracted since, and check them against the videos as they are now.

    Raises:
        DataError: when the file is none of these, or a video has no such frame.
        VideoError: when a video cannot be read.
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        found = [
            (
                str(one["session"]),
                {str(view): Path(video) for view, video in one["videos"].items()},
                int(one["context"]),
                tuple(
                    Pick(int(pick["frame"]), str(pick["method"]), tuple(map(str, pick["reasons"])))
                    for pick in one["frames"]
                ),
            )
            for one in record["sessions"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: expected chosen frames, as `litpose extract --save_plan` writes them ({error})"
        ) from error
    plans = []
    for name, videos, context, picks in found:
        session = check_session(name, videos, project.views)
        wrong = [str(pick.frame) for pick in picks if not 0 <= pick.frame < session.n_frames]
        if wrong:
            raise DataError(f"{path}: session '{name}' has no frame {', '.join(wrong[:10])}")
        done = extracted_frames(project, name)
        plans.append(Plan(session, tuple(pick for pick in picks if pick.frame not in done), context))
    return plans
