"""One recording: its frames with the skeleton, the traces of a keypoint, and the skeleton in space."""

from pathlib import Path

import numpy as np
import streamlit as st
from jaxtyping import Float

from apps import figures
from apps.frames import Reel
from apps.screens.faults import faults_as_messages
from apps.state import Contents, Session, Source, half_band, jumps, load, window
from lightning_pose.core.poses import Poses

WIDTHS = (200, 500, 1000, 3000)


@st.cache_resource(show_spinner=False, max_entries=64)
def _load(path: Path, changed: int) -> Poses:
    return load(path)


def poses_of(path: Path) -> Poses:
    """Return a table's poses, read again only when the file has changed."""
    return _load(path, path.stat().st_mtime_ns)


@st.cache_resource(show_spinner="Opening the videos", max_entries=4, on_release=Reel.close)
def _open_reel(videos: tuple[tuple[str, Path], ...], changed: tuple[int, ...]) -> Reel:
    return Reel(dict(videos))


def reel_of(session: Session) -> Reel:
    """Return the open videos of a session, opened again only when a file has changed."""
    changed = tuple(path.stat().st_mtime_ns for path in session.videos.values())
    return _open_reel(tuple(session.videos.items()), changed)


def show_session(contents: Contents) -> None:
    """Draw the page."""
    if not contents.sessions:
        st.info("There is no session yet.")
        return
    names = list(contents.sessions)
    rich = max(names, key=lambda name: len(contents.sessions[name].sources))
    session = contents.sessions[st.sidebar.selectbox("Session", names, index=names.index(rich))]
    st.header(session.name)
    if session.sources:
        with faults_as_messages():
            _show_sources(contents, session)
    else:
        st.info("Nothing has been predicted for this session. `litpose predict MODEL VIDEOS` does it.")
    _show_videos(contents, session)


def _show_sources(contents: Contents, session: Session) -> None:
    """Let the source and the keypoint be chosen, then draw what depends on the frame."""
    order = sorted(session.sources.values(), key=lambda source: not source.smoothed)
    source = st.sidebar.selectbox("Keypoints from", order, format_func=lambda source: source.name)
    first = poses_of(source.tables[0])
    name = st.sidebar.selectbox("Keypoint", first.names)
    width = st.sidebar.selectbox("Frames in the traces", WIDTHS, index=1)
    _show_frame(contents, session, source, name, width)


@st.fragment
def _show_frame(contents: Contents, session: Session, source: Source, name: str, width: int) -> None:
    """Draw everything that follows the frame; moving the slider draws only this."""
    poses = poses_of(source.tables[0])
    key = f"frame {session.name}"
    at_slider, at_jumps = st.columns([5, 3], gap="medium")
    with at_jumps:
        _show_jumps(poses, key)
    frame = at_slider.slider("Frame", 0, len(poses) - 1, key=key)
    left, right = st.columns([5, 3], gap="medium")
    with left, faults_as_messages():
        _show_picture(contents, session, source, name, int(poses.frames[frame]))
    with right, faults_as_messages():
        _show_space(contents, source, name, frame)
    in_space, in_pixels = st.tabs(["In space", "In pixels"])
    rows = window(len(poses), frame, width)
    with in_space, faults_as_messages():
        _show_world_traces(contents, session, name, rows, frame)
    with in_pixels, faults_as_messages():
        _show_pixel_traces(session, name, rows, frame)


def _show_picture(contents: Contents, session: Session, source: Source, name: str, number: int) -> None:
    """Show the frame of every view with the source's keypoints."""
    if not session.videos:
        st.info("No video of this session is in the folder, so there is no picture to show.")
        return
    tables = {view: poses_of(path) for view, path in source.views.items()}
    picture = reel_of(session).picture(number, tables, contents.project.skeleton, name)
    st.image(picture, width="stretch")


def _show_jumps(poses: Poses, key: str) -> None:
    """Offer the frames where something jumped, which is where errors are."""
    frames = sorted(int(frame) for frame in jumps(poses.points, 6))
    chosen = st.pills(
        "Largest jumps", frames, key=f"jumps {key}", help="frames where a keypoint moved furthest"
    )
    if chosen is not None and st.session_state.get(f"seen {key}") != chosen:
        st.session_state[key] = chosen
    st.session_state[f"seen {key}"] = chosen


def _show_space(contents: Contents, source: Source, name: str, frame: int) -> None:
    """Draw the skeleton in space."""
    if source.world is None:
        st.info("No 3D points from this source: it needs a calibration.")
        return
    world = poses_of(source.world)
    band = half_band(world)
    figure = figures.skeleton_3d(
        world.points[frame],
        contents.project.skeleton.select(world.names),
        figures.box(world.points),
        band=None if band is None else band[frame],
        highlight=name,
    )
    st.plotly_chart(figure, key="space")


def _show_world_traces(contents: Contents, session: Session, name: str, rows: slice, frame: int) -> None:
    """Draw a keypoint's world coordinates: every source that has them, and the truth where it is known."""
    lines = []
    for index, source in enumerate(_smoothed_last(session)):
        if source.world is not None:
            lines.append(_line(source, poses_of(source.world), name, rows, index))
    if session.truth is not None and lines:
        truth = poses_of(session.truth)
        if name in truth.names:
            points = truth.points[rows, truth.names.index(name)]
            lines.append(figures.Line("truth", truth.frames[rows], points, "#111827", 1.0, "dot"))
    if not lines:
        st.info(
            "No 3D points of this session: prediction and smoothing give them where a calibration is found."
        )
        return
    rig = contents.rig(session)
    unit = rig.unit if rig is not None and rig.unit else "world units"
    st.plotly_chart(figures.traces(lines, unit, frame), key="world traces")


def _show_pixel_traces(session: Session, name: str, rows: slice, frame: int) -> None:
    """Draw a keypoint's pixels in one view: every source, its likelihood below."""
    views = list(dict.fromkeys(view for source in session.sources.values() for view in source.views))
    view = st.segmented_control("View", views, default=views[0], key=f"view {session.name}") or views[0]
    lines = []
    for index, source in enumerate(_smoothed_last(session)):
        if view in source.views:
            lines.append(_line(source, poses_of(source.views[view]), name, rows, index))
    if lines:
        st.plotly_chart(figures.traces(lines, "px", frame), key="pixel traces")


def _smoothed_last(session: Session) -> list[Source]:
    """Return the sources so that the smoother is drawn above the networks."""
    return sorted(session.sources.values(), key=lambda source: source.smoothed)


def _line(source: Source, poses: Poses, name: str, rows: slice, index: int) -> figures.Line:
    """Return what to draw of one source's keypoint."""
    k = poses.names.index(name)
    band = half_band(poses)
    color = figures.INK[0] if source.smoothed else figures.INK[1 + index % (len(figures.INK) - 1)]
    return figures.Line(
        source.name,
        poses.frames[rows],
        poses.points[rows, k],
        color,
        width=2.0 if source.smoothed else 1.0,
        band=None if band is None else band[rows, k],
        likelihood=_column(poses.likelihood, rows, k),
    )


def _column(values: Float[np.ndarray, "T K"] | None, rows: slice, k: int) -> Float[np.ndarray, "n"] | None:
    return None if values is None else values[rows, k]


def _show_videos(contents: Contents, session: Session) -> None:
    """Play a labeled video, the mosaic of all views first."""
    if not session.labeled_videos:
        return
    st.subheader("Labeled video")
    films = sorted(session.labeled_videos, key=lambda path: ("mosaic" not in path.stem, path.stem))
    wide, _ = st.columns([5, 3])
    film = wide.selectbox("Video", films, format_func=contents.relative, label_visibility="collapsed")
    wide.video(str(film), muted=True, loop=True)
