"""What is asked before sessions are predicted or smoothed, with defaults that suit most."""

from collections.abc import Sequence

import streamlit as st

from apps.screens.matrix import under_way
from apps.screens.visit import Visit
from lightning_pose.core.calibration import has_calibration
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.projects.runs import (
    PREDICT,
    SMOOTH,
    Precision,
    Prediction,
    Run,
    list_devices,
    start_predicting,
    start_smoothing,
    work_of,
)
from lightning_pose.projects.smoothing import How, Motion, Smoothing
from lightning_pose.projects.status import Model, Status

PRECISIONS: dict[Precision, str] = {
    "auto": "what suits the device",
    "bf16": "bfloat16: fast on recent GPUs; keypoints differ by less than 0.1 px",
    "fp16": "float16: fast on older GPUs",
    "fp32": "float32: as trained, the slowest",
}
WAYS: dict[How, tuple[str, str]] = {
    "auto": ("as the session allows", "all views together in 3D where calibrated, else each view for itself"),
    "together": (
        "all views together",
        "in 3D where calibrated, else with a geometry learned from the predictions",
    ),
    "apart": ("each view for itself", "no view learns from another one"),
}
MOTIONS: dict[Motion, tuple[str, str]] = {
    "walk": ("keypoints stand still and drift", "a random walk: the safe choice"),
    "velocity": ("keypoints move on", "constant velocity: for fast movements at many frames a second"),
}


@st.cache_data(show_spinner=False, ttl=600)
def devices() -> list[str]:
    """Return what networks can run on here; asked every ten minutes."""
    return list_devices()


def show_predict_form(visit: Visit, status: Status, runs: Sequence[Run], sessions: Sequence[str]) -> None:
    """Ask with what and how sessions are to be predicted, and start it.

    Args:
        visit: to the project.
        status: what is done.
        runs: jobs, the last one first.
        sessions: that are chosen.
    """
    st.subheader("Predict", anchor=False)
    usable = {model.name: model for model in status.models if model.trained is not None}
    if not usable:
        st.info("No model has weights yet.")
        if st.button("Train", type="primary", key="to training"):
            visit.open_page("train")
        return
    names = st.multiselect(
        "With", list(usable), default=list(usable)[:1], format_func=lambda name: called(usable[name]),
        key=f"predict with {next(iter(usable))}", placeholder="a model",
    )  # fmt: skip
    models = [usable[name] for name in names]
    how, device = _ask_prediction(models)
    new, again = {}, {}
    for model in models:
        free = [name for name in sessions if name not in under_way(runs, model.folder, PREDICT)]
        work = work_of(model, status.done[model.name], free)
        new[model.name], again[model.name] = work.new, work.again
    older = sum(map(len, again.values()))
    anew = bool(older) and st.checkbox(
        f"Also the {counted(older)} predicted before the model was trained or the video changed",
        value=True, key="predict older",
    )  # fmt: skip
    count = sum(map(len, new.values())) + (older if anew else 0)
    is_busy = any(under_way(runs, model.folder, PREDICT).intersection(sessions) for model in models)
    nothing = "Under way" if is_busy else "Everything chosen is predicted"
    label = f"Predict {counted(count)}" if count or not models else nothing
    if st.button(
        label,
        type="primary",
        width="stretch",
        disabled=not count,
        icon=":material/play_arrow:",
        key="start predict",
    ):
        for model in models:
            for chosen, overwrite in ((new[model.name], False), (again[model.name] if anew else [], True)):
                if chosen:
                    recordings = [status.sessions[name] for name in chosen]
                    start_predicting(status.project, model, recordings, how, device, anew=overwrite)
        st.rerun()


def _ask_prediction(models: Sequence[Model]) -> tuple[Prediction, str]:
    """Ask how to predict, and on what."""
    several = any(len(model.members) > 1 for model in models)
    eks = st.checkbox(
        "Smooth at the end", value=True, disabled=not several, key="predict eks",
        help="`eks` with its defaults makes one trajectory of the networks of an ensemble",
    )  # fmt: skip
    with st.expander("Options", icon=":material/tune:"):
        there = devices()
        device = st.selectbox("On", there, key="predict on", help="jobs for one device wait for each other")
        precision = st.selectbox(
            "Precision", list(PRECISIONS), format_func=lambda name: f"{name}: {PRECISIONS[name]}"
            if name == "auto" else PRECISIONS[name], key="precision",
        )  # fmt: skip
        batch = st.number_input(
            "Images at a time", 0, 4096, 0, key="batch size",
            help="0 is what suits the device; fewer are taken where its memory does not hold them",
        )  # fmt: skip
        pictures = st.checkbox(
            "Also labeled videos and reports", key="predict pictures",
            help="files to hand on; the viewer draws keypoints over the videos without them",
        )  # fmt: skip
        unequal = st.checkbox(
            "Also sessions whose views differ in length", key="predict unequal",
            help="frames are matched by number, so all views must begin with the same one",
        )  # fmt: skip
        missing = st.checkbox(
            "Also sessions that lack a view", key="predict missing",
            help="networks that look at each view for itself do so anyway; others say less without one",
        )  # fmt: skip
    return Prediction(precision, int(batch) or None, eks, pictures, unequal, missing), device


def show_smooth_form(visit: Visit, status: Status, runs: Sequence[Run], sessions: Sequence[str]) -> None:
    """Ask whose predictions are to be smoothed, and how, and start it; the arguments are those above."""
    st.subheader("Smooth", anchor=False)
    models = {
        model.name: model
        for model in status.models
        if any(one.predicted == "done" for one in status.done[model.name].values())
    }
    if not models:
        st.info("Nothing is predicted yet.")
        return
    ensembles = [name for name, model in models.items() if len(model.members) > 1]
    first = (ensembles or list(models))[0]
    name = st.selectbox(
        "Predictions of", list(models), index=list(models).index(first), key=f"smooth {first}",
        format_func=lambda name: called(models[name]),
    )  # fmt: skip
    model = models[name]
    if len(model.members) == 1:
        st.caption("One network says nothing of how far networks differ: its confidences are the weights.")
    how = _ask_smoothing(visit)
    done = status.done[name]
    free = [one for one in sessions if one not in under_way(runs, model.folder, SMOOTH)]
    free = [one for one in free if one not in under_way(runs, model.folder, PREDICT)]
    due = work_of(model, done, free).smooth
    ready = [one for one in free if one in done and one not in due and done[one].predicted == "done"]
    anew = bool(ready) and st.checkbox(
        f"Also the {counted(len(ready))} smoothed already", key="smooth again",
        help="with other options, for example",
    )  # fmt: skip
    chosen = due + (ready if anew else [])
    label = f"Smooth {counted(len(chosen))}" if chosen else "Everything predicted is smoothed"
    if not due and not ready:
        label = "Nothing chosen is predicted" if len(free) == len(sessions) else "Under way"
    if st.button(
        label,
        type="primary",
        width="stretch",
        disabled=not chosen,
        icon=":material/play_arrow:",
        key="start smooth",
    ):
        recordings = [status.sessions[one] for one in chosen]
        start_smoothing(status.project, model, recordings, how, "cpu", anew=anew)
        st.rerun()


def _ask_smoothing(visit: Visit) -> Smoothing:
    """Ask how to smooth."""
    project, way, chains = visit.project, "auto", ""
    calibrated = len(project.views) > 1 and has_calibration(project.folder)
    if len(project.views) > 1 and not calibrated:
        st.caption("No session is calibrated: each view is smoothed for itself, unless all go together.")
    with st.expander("Options", icon=":material/tune:"):
        if len(project.views) > 1:
            way = st.radio(
                "Views", list(WAYS), format_func=lambda one: WAYS[one][0],
                captions=[text for _, text in WAYS.values()], key="smooth views",
            )  # fmt: skip
        motion = st.radio(
            "Motion", list(MOTIONS), format_func=lambda one: MOTIONS[one][0],
            captions=[text for _, text in MOTIONS.values()], key="smooth motion",
        )  # fmt: skip
        tuned = st.checkbox(
            "Find out how smooth each keypoint is", value=True, key="smooth tuned",
            help="on up to 4000 frames of each session",
        )  # fmt: skip
        s = st.number_input(
            "s", 0.0, 1e6, 1.0, format="%g", disabled=tuned, key="smooth s",
            help="the larger, the closer to the predictions; the smaller, the smoother",
        )  # fmt: skip
        if calibrated and project.skeleton.edges:
            bones = st.checkbox(
                "Keep the lengths of bones", key="smooth bones",
                help="of the lines between keypoints; learned from the session, kept softly, in 3D only",
            )  # fmt: skip
            chains = chains_of(project.skeleton) if bones else ""
    return Smoothing(way, motion, () if tuned else (float(s),), chains)


def chains_of(skeleton: Skeleton) -> str:
    """Return the lines of a skeleton as `eks multicam --skeleton` reads them."""
    return ";".join(f"{skeleton.names[a]},{skeleton.names[b]}" for a, b in skeleton.edges)


def called(model: Model) -> str:
    """Return how a model is called in a list."""
    return f"{model.name} · {len(model.members)} networks" if len(model.members) > 1 else model.name


def counted(count: int) -> str:
    """Return a number of sessions in words."""
    return f"{count} session{'s' * (count != 1)}"
