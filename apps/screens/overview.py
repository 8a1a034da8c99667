"""What the folder holds: its sessions, and the scores where a demo left them."""

from pathlib import Path

import numpy as np
import streamlit as st
from jaxtyping import UInt8

from apps.screens.faults import faults_as_messages
from apps.state import Contents, Session
from lightning_pose.core.errors import VideoError
from lightning_pose.core.video import VideoReader, probe

PICTURES = 4


def show_overview(contents: Contents) -> None:
    """Draw the page."""
    st.header(contents.root.name)
    st.caption(str(contents.root))
    project, sessions = contents.project, contents.sessions
    models = {source.name for session in sessions.values() for source in session.sources.values()}
    for column, (label, value) in zip(
        st.columns(4),
        {
            "Sessions": len(sessions),
            "Views": len(project.view_names) or 1,
            "Keypoints": len(project.keypoint_names),
            "Sets of predictions": len(models),
        }.items(),
        strict=True,
    ):
        column.metric(label, value, border=True)
    st.subheader("Sessions")
    if sessions:
        st.dataframe([_row(session) for session in sessions.values()], hide_index=True, width="stretch")
    else:
        st.info("No videos and no predictions yet. Videos belong into `videos/` of the project.")
    _show_pictures(contents)
    if contents.summary is not None and "scores" in contents.summary:
        _show_scores(contents)
    if contents.notes:
        count = len(contents.notes)
        heading = "1 file that is not shown" if count == 1 else f"{count} files that are not shown"
        with st.expander(heading, icon=":material/help:"):
            for note in contents.notes:
                st.text(note)


def _show_pictures(contents: Contents) -> None:
    """Show the middle frame of the first sessions, those with predictions before the others."""
    filmed = [session for session in contents.sessions.values() if session.videos]
    chosen = sorted(filmed, key=lambda session: -len(session.sources))[:PICTURES]
    for column, session in zip(st.columns(PICTURES), chosen, strict=False):
        with column, faults_as_messages():
            first = next(iter(session.videos.values()))
            column.image(middle_frame(first, first.stat().st_mtime_ns), caption=session.name, width="stretch")


@st.cache_data(show_spinner=False, max_entries=64)
def middle_frame(path: Path, changed: int) -> UInt8[np.ndarray, "H W 3"]:
    """Return the frame in the middle of a video, cut to 4:3 around its centre."""
    with VideoReader(path) as reader:
        frame = reader[len(reader) // 2]
    height, width = frame.shape[:2]
    high, wide = min(height, width * 3 // 4), min(width, height * 4 // 3)
    top, left = (height - high) // 2, (width - wide) // 2
    return frame[top : top + high, left : left + wide]


def _row(session: Session) -> dict[str, str | int]:
    """Return a session's line of the table."""
    first = next(iter(session.videos.values()), None)
    return {
        "session": session.name,
        "videos": len(session.videos),
        "recording": "" if first is None else describe_video(first, first.stat().st_mtime_ns),
        "predictions": sum(source.kind == "network" for source in session.sources.values()),
        "smoothed": "yes" if any(source.smoothed for source in session.sources.values()) else "",
        "labeled videos": len(session.labeled_videos),
        "calibrated": "yes" if session.calibration is not None else "",
        "truth": "yes" if session.truth is not None else "",
    }


@st.cache_data(show_spinner=False)
def describe_video(path: Path, changed: int) -> str:
    """Return size, length and rate of a video in words; `changed` renews the answer when the file does."""
    try:
        info = probe(path)
    except VideoError as error:
        return f"unreadable: {error}"
    return f"{info.width} × {info.height}, {info.n_frames} frames at {float(info.fps):g}/s"


def _show_scores(contents: Contents) -> None:
    """Draw the demo's table: every method against the truth."""
    summary = contents.summary or {}
    unit = summary.get("unit", "world units")
    st.subheader("Against the truth")
    st.caption(f"Session {summary.get('session')}, which no network was trained on.")
    rows = []
    for method, score in summary["scores"].items():
        pixels = {f"{view}, median px": round(value, 2) for view, value in score["median_px"].items()}
        coverage = score.get("coverage_95")
        rows.append(
            {"method": method, **pixels}
            | {f"3D {kind}, {unit}": round(score[f"{kind}_3d"], 2) for kind in ("mean", "median", "p95")}
            | {"95 % interval covers": "" if coverage is None else f"{100 * coverage:.1f} %"}
        )
    st.dataframe(rows, hide_index=True, width="stretch")
    if summary.get("quick"):
        st.caption("A quick run: the networks have hardly been trained, and the numbers mean nothing.")
