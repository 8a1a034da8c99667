"""The project at a glance: what to do next, what is labeled, the models, what is predicted and smoothed."""

import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st
from jaxtyping import UInt8

from apps.labels.counts import labels_of
from apps.screens.bars import accent, show_bars
from apps.screens.faults import faults_as_messages
from apps.screens.progress import survey_of
from apps.screens.projects import describe
from apps.screens.style import head, plain
from apps.screens.visit import Visit
from apps.state import Contents
from lightning_pose.core.video import VideoReader
from lightning_pose.projects.jobs import jobs
from lightning_pose.projects.labeled import Labels
from lightning_pose.projects.next_step import Step, newest_model, next_step, unseen_labels
from lightning_pose.projects.scores import ALL, SUMMARY, mean_scores, read_scores
from lightning_pose.projects.space import Meter, in_units
from lightning_pose.projects.status import Model, Status

PICTURES = 4
FEW = 10  # rows that are shown without scrolling
PATIENCE = 0.3  # seconds that the page waits for the room on the disk to be measured


def show_overview(visit: Visit) -> None:
    """Draw the page."""
    contents = visit.contents
    head(plain(contents.root.name), f"{describe(visit.project)} · {plain(str(contents.root))}")
    status, labels = survey_of(contents.root).look(), labels_of(visit.project)
    busy = {job.kind for job in jobs(visit.folder) if job.is_alive}
    show_step(visit, next_step(status, labels, unseen_labels(status, labels), busy))
    _show_numbers(status, labels, contents.root)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show_sessions(status, labels, contents)
    with right:
        _show_keypoints(labels)
    _show_models(status)
    _show_pictures(status)
    if contents.summary is not None and "scores" in contents.summary:
        _show_scores(contents)
    _show_notes([*dict.fromkeys([*contents.notes, *status.notes])])


def show_step(visit: Visit, step: Step) -> None:
    """Draw the next thing to do, and what leads there."""
    st.html(f"<style>.st-key-next-step {{border-left: 4px solid {accent()} !important}}</style>")
    with st.container(border=True, key="next-step"):
        text, button = st.columns([5, 1], vertical_alignment="center")
        icon = ":material/progress_activity:" if step.is_under_way else ":material/arrow_forward:"
        when = "Under way" if step.is_under_way else "Next"
        text.markdown(f":small[:gray[{when}]]  \n**{plain(step.sentence)}**")
        kind = "secondary" if step.is_under_way else "primary"
        if button.button(step.action, type=kind, icon=icon, width="stretch", key="do next"):
            visit.open_page(step.page)


def _show_numbers(status: Status, labels: Labels, root: Path) -> None:
    """Draw what can be counted."""
    model = newest_model(status)
    done = list(status.done[model.name].values()) if model is not None else []
    columns = st.columns(6)
    views = "one view" if len(status.project.views) == 1 else f"{len(status.project.views)} views each"
    columns[0].metric("Sessions", len(status.sessions), views, **_PLAIN)
    waiting = f"{labels.queued} in the queue" if labels.queued else f"{labels.waiting} waiting"
    columns[1].metric("Labeled frames", labels.total, waiting, **_PLAIN)
    usable = sum(one.trained is not None for one in status.models)
    columns[2].metric("Models", len(status.models), f"{usable} with weights", **_PLAIN)
    predicted = sum(one.predicted == "done" for one in done)
    by = "no model yet" if model is None else f"by {model.name.rpartition('/')[2]}"
    columns[3].metric("Predicted", f"{predicted} of {len(done)}" if done else "-", by, **_PLAIN)
    ensemble = next((one for one in status.models if one.trained is not None and len(one.members) > 1), None)
    of_ensemble = [] if ensemble is None else list(status.done[ensemble.name].values())
    smoothed = sum(one.smoothed == "done" for one in of_ensemble)
    whose = "no ensemble yet" if ensemble is None else f"of {ensemble.name.rpartition('/')[2]}"
    columns[4].metric(
        "Smoothed", f"{smoothed} of {len(of_ensemble)}" if of_ensemble else "-", whose, **_PLAIN
    )
    with columns[5]:
        _show_space(root)


_PLAIN = {"border": True, "delta_color": "off", "delta_arrow": "off", "height": "stretch"}


def _show_space(root: Path) -> None:
    """Draw the room that the project takes, as soon as it is known."""
    meter = meter_of(root, int(time.time() // 600))
    st.fragment(lambda: _draw_space(meter), run_every=None if meter.wait(PATIENCE) is not None else 1.0)()


def _draw_space(meter: Meter) -> None:
    used = meter.used
    if used is None:
        st.metric("On the disk", "…", "being measured", **_PLAIN)
        return
    ordered = sorted(used, key=lambda what: -used[what])
    parts = "\n".join(f"- {what}: {in_units(used[what])}" for what in ordered)
    told = f"most of it {ordered[0]}" if ordered else "empty"
    st.metric("On the disk", in_units(sum(used.values())), told, help=parts or None, **_PLAIN)


@st.cache_resource(show_spinner=False, max_entries=8)
def meter_of(root: Path, when: int) -> Meter:
    """Return what measures a folder; `when` renews it."""
    return Meter(root)


def _show_sessions(status: Status, labels: Labels, contents: Contents) -> None:
    """Draw a line for each session: labels, and what the newest model has made of it."""
    st.subheader("Sessions", anchor=False)
    names = list(dict.fromkeys([*status.sessions, *contents.sessions, *labels.frames]))
    if not names:
        st.info("No videos and no predictions yet.")
        return
    model = newest_model(status) or next(iter(status.models), None)
    done = {} if model is None else status.done[model.name]
    most = max([*labels.frames.values(), 1])
    rows = []
    for name in names:
        one, found = done.get(name), contents.sessions.get(name)
        rows.append({
            "session": name or "the session",
            "videos": len(status.sessions[name].videos) if name in status.sessions else 0,
            "labeled frames": labels.labeled.get(name, 0),
            "predicted": "" if one is None else SHORT[one.predicted],
            "smoothed": "" if one is None else SHORT[one.smoothed],
            "calibrated": "✓" if found is not None and found.calibration is not None else "",
            "truth": "✓" if found is not None and found.truth is not None else "",
        })  # fmt: skip
    bar = st.column_config.ProgressColumn(format="%d", min_value=0, max_value=most, color="primary")
    columns = [key for key in rows[0] if key in ("session", "videos") or any(row[key] for row in rows)]
    table = [{key: row[key] for key in columns} for row in rows]
    height = "auto" if len(rows) <= FEW else min(31 * (len(rows) + 1) + 3, 430)
    st.dataframe(
        table, hide_index=True, width="stretch", height=height, column_config={"labeled frames": bar}
    )


SHORT = {
    "missing": "", "partial": "◐ in part", "done": "✓", "older": "↻ before that",
    "older than the model": "↻ older model", "older than the video": "↻ older video",
}  # fmt: skip


def _show_keypoints(labels: Labels) -> None:
    """Draw how often each keypoint is labeled."""
    st.subheader("Labels by keypoint", anchor=False)
    if not labels.total:
        st.info("Nothing is labeled yet.")
        return
    few = [name for name, count in labels.keypoints.items() if 4 * count < max(labels.keypoints.values())]
    show_bars(labels.keypoints, few)
    if few:
        st.caption("Orange: labeled less than a quarter as often as the one that is labeled most.")


def _show_models(status: Status) -> None:
    """Draw a line for each model: how far from the labels it is, and what it has been run on."""
    if not status.models:
        return
    st.subheader("Models", anchor=False)
    most = max(len(status.sessions), 1)
    rows = []
    for model in status.models:
        done = list(status.done[model.name].values())
        rows.append({
            "model": model.name,
            "networks": len(model.members),
            "error, px": error_of(model, status.project.view_names),
            "trained": _when(model.trained),
            "predicted": sum(one.predicted == "done" for one in done),
            "smoothed": sum(one.smoothed == "done" for one in done),
        })  # fmt: skip
    bar = st.column_config.ProgressColumn(format="%d", min_value=0, max_value=most)
    error = st.column_config.NumberColumn(format="%.2f", help="mean distance to the labels that validate it")
    st.dataframe(
        rows, hide_index=True, width="stretch",
        column_config={"predicted": bar, "smoothed": bar, "error, px": error},
    )  # fmt: skip


def _when(moment: float | None) -> str:
    """Return a time as people write it; empty where there is none."""
    return "" if moment is None else time.strftime("%d %b %H:%M", time.localtime(moment))


def error_of(model: Model, views: Sequence[str]) -> float | None:
    """Return the mean distance to the labels of the validation (px); None where it is not known."""
    files = [network / SUMMARY for network in model.networks]
    changed = tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)
    return _error(model, tuple(views), changed) if any(changed) else None


@lru_cache(maxsize=256)
def _error(model: Model, views: tuple[str, ...], changed: tuple[int, ...]) -> float | None:
    scores = mean_scores([read_scores(network, views) for network in model.networks])
    found = scores.get(("validation", ALL, ALL))
    return None if found is None else found.mean


def _show_pictures(status: Status) -> None:
    """Show the middle frame of the first sessions."""
    chosen = [session for session in status.sessions.values() if session.videos][:PICTURES]
    for column, session in zip(st.columns(PICTURES), chosen, strict=False):
        with column, faults_as_messages():
            first = next(iter(session.videos.values()))
            picture = middle_frame(first, first.stat().st_mtime_ns)
            column.image(picture, caption=plain(session.name), width="stretch")


@st.cache_data(show_spinner=False, max_entries=64)
def middle_frame(path: Path, changed: int) -> UInt8[np.ndarray, "H W 3"]:
    """Return the frame in the middle of a video, cut to 4:3 around its centre."""
    with VideoReader(path) as reader:
        frame = reader[len(reader) // 2]
    height, width = frame.shape[:2]
    high, wide = min(height, width * 3 // 4), min(width, height * 4 // 3)
    top, left = (height - high) // 2, (width - wide) // 2
    return frame[top : top + high, left : left + wide]


def _show_scores(contents: Contents) -> None:
    """Draw the demo's table: every method against the truth."""
    summary = contents.summary or {}
    unit = summary.get("unit", "world units")
    st.subheader("Against the truth", anchor=False)
    st.caption(f"Session {plain(str(summary.get('session')))}, which no network was trained on.")
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


def _show_notes(notes: Sequence[str]) -> None:
    """Name the files that are not shown."""
    if not notes:
        return
    heading = "1 file that is not shown" if len(notes) == 1 else f"{len(notes)} files that are not shown"
    with st.expander(heading, icon=":material/help:"):
        for note in notes[:200]:
            st.text(note)
