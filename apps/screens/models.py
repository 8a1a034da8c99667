"""The page of models: what there is, how far each is from the labels, where, and which of two is better."""

import time
from pathlib import Path
from typing import Any

import streamlit as st

from apps.screens.compare import show_comparison, show_errors
from apps.screens.faults import faults_as_messages
from apps.screens.misses import show_misses
from apps.screens.style import head, plain
from apps.screens.trainings import go_on
from apps.screens.visit import Visit
from lightning_pose.projects.jobs import Job, jobs
from lightning_pose.projects.models import TRASH, Model, discard_model, list_models, write_note
from lightning_pose.projects.scores import ALL, SETS, Place, Score, mean_scores, read_scores
from lightning_pose.projects.training import KIND, output_of

STATES = {
    "waiting": "waits",
    "training": "trains",
    "done": "trained",
    "stopped": "stopped",
    "failed": "failed",
    "unfinished": "not finished",
    "gone": "removed",
}
MANY = 12  # rows beyond which the table scrolls
CHOSEN = "models chosen"  # in the state of a visit


def show_models(visit: Visit) -> None:
    """Draw the page."""
    head("Models", "How far each is from the labels. Choose one to look into it, two to compare them.")
    with faults_as_messages():
        models = models_of(visit)
        if not models:
            st.info("No model yet: train one. Folders of models of Lightning Pose are found as well.")
            if st.button("Train", type="primary", icon=":material/model_training:"):
                visit.open_page("train")
            return
        chosen = [models[row] for row in _show_table(models)] or models[:1]
        if len(chosen) > 2:
            st.caption("The first two of them are compared.")
        st.divider()
        if len(chosen) == 1:
            _show_model(visit, chosen[0])
        else:
            show_comparison(*((model, scores_of(model)) for model in chosen[:2]))


def models_of(visit: Visit) -> list[Model]:
    """Return the models below the folder of a visit, with what jobs make of them now."""
    alive: dict[str, set[Path]] = {"running": set(), "waiting": set()}
    for job in jobs(visit.folder, KIND):
        output, state = output_of(job), job.state
        if output is not None and state in alive:
            alive[state].add(output)
    return list_models(visit.contents.root, alive["running"], alive["waiting"])


@st.cache_data(show_spinner=False, max_entries=2000)
def _scores(folder: Path, views: tuple[str, ...], changed: int) -> dict[Place, Score]:
    return read_scores(folder, views)


def scores_of(model: Model) -> dict[Place, Score]:
    """Return the scores of a model, the mean of its networks; read anew when the folder has changed."""
    found = []
    for folder in model.folders:
        try:
            found.append(_scores(folder, model.views, folder.stat().st_mtime_ns))
        except OSError:
            continue  # it has gone meanwhile; the table says so
    return found[0] if len(found) == 1 else mean_scores(found)


def _show_table(models: list[Model]) -> list[int]:
    """Draw the table, and return the rows that are chosen."""
    rows = [_row(model) for model in models]
    event = st.dataframe(
        rows, hide_index=True, width="stretch", height="content" if len(rows) < MANY else 420, key=CHOSEN,
        on_select="rerun", selection_mode="multi-row",
        column_order=[name for name in rows[0] if any(row[name] not in (None, "") for row in rows)],
        column_config={
            "model": st.column_config.TextColumn(width="medium", pinned=True),
            "when": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
            "labels": st.column_config.NumberColumn(help="instants that train it", format="localized"),
            "steps": st.column_config.NumberColumn(format="localized"),
            **{
                name: st.column_config.NumberColumn(
                    f"{name}, px", format="%.2f", help=f"mean distance to the labels of the set {name}"
                )
                for name in SETS
            },
            "note": st.column_config.TextColumn(width="medium"),
        },
    )  # fmt: skip
    return [row for row in event.selection.rows if row < len(models)]


def _row(model: Model) -> dict[str, Any]:
    """Return a line of the table; what is not known is empty."""
    scores = scores_of(model)
    means = {name: scores[place].mean for name in SETS if (place := (name, ALL, ALL)) in scores}
    return {
        "model": model.name,
        "state": STATES[model.state],
        "when": time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(model.changed)) if model.changed else None,
        "backbone": model.backbone,
        "views": model.model_type.removeprefix("heatmap_").replace("_", " "),
        "networks": len(model.members) or 1,
        "labels": model.sets.get("train"),
        "steps": model.steps[0] if model.steps else None,
        **{name: means.get(name) for name in SETS},
        "note": model.note,
    }


def _show_model(visit: Visit, model: Model) -> None:
    """Draw one model: what is known of it, its errors, and where it is wrong."""
    title, discard = st.columns([5, 1], vertical_alignment="center")
    title.subheader(plain(model.name), anchor=False)
    with discard, faults_as_messages():
        _offer_to_discard(visit, model)
    facts, note = st.columns([3, 2], gap="large")
    facts.markdown("  \n".join(_facts(model)))
    if model.fault:
        facts.warning(plain(model.fault[:1].upper() + model.fault[1:]) + ".")
    with facts, faults_as_messages():
        _offer_to_go_on(visit, model)
    with note, faults_as_messages():
        _show_note(model)
    scores = scores_of(model)
    if not scores:
        st.caption("It has not been compared with the labels yet: that is the last step of a training.")
        return
    show_errors(model.name, scores)
    st.subheader("On labeled frames, the worst first", anchor=False)
    show_misses(visit, model)


def _facts(model: Model) -> list[str]:
    """Return what is known of a model, in lines of Markdown."""
    network = [plain(part) for part in (model.backbone, model.model_type.replace("_", " ")) if part]
    size = model.image_size
    network += [f"{size[0]} x {size[1]} px"] if size else []
    network += [f"{len(model.members)} networks"] if model.members else []
    course = [STATES[model.state].capitalize()]
    course += [f"{model.steps[0]:,} of {model.steps[1]:,} steps"] if model.steps else []
    sets = [f"{count:,} {plain(name)}" for name, count in model.sets.items()]
    lines = [" · ".join(network), " · ".join(course)]
    return [*filter(None, lines), *([f"Instants: {', '.join(sets)}"] if sets else [])]


def _show_note(model: Model) -> None:
    """Let somebody write about a model."""
    key = f"note {model.folder}"
    text = st.text_area("Note", model.note, height=90, key=key, placeholder="what is special about it")
    if text.strip() != model.note:
        write_note(model.folder, text)
        st.rerun()


def _offer_to_discard(visit: Visit, model: Model) -> None:
    """Let a model be moved away, once that is confirmed."""
    alive = model.state in ("training", "waiting")
    with st.popover("Remove", icon=":material/delete:", width="stretch", disabled=alive):
        st.markdown(f"**{plain(model.name)}** moves to `{TRASH}` of the project, with all that it predicted.")
        if st.button("Move it there", type="primary", key=f"discard {model.folder}", width="stretch"):
            target = discard_model(model.folder, visit.folder)
            st.session_state.pop(CHOSEN, None)
            st.toast(f"Moved to {plain(str(target.relative_to(visit.folder)))}")
            st.rerun()


def _offer_to_go_on(visit: Visit, model: Model) -> None:
    """Let a training that was interrupted go on, where it was started here."""
    if model.state not in ("stopped", "failed"):
        return
    last: dict[Path, Job] = {}
    for job in jobs(visit.folder, KIND):
        output = output_of(job)
        if output is not None:
            last.setdefault(output, job)
    mine = [last[folder] for folder in model.folders if folder in last]
    unfinished = [job for job in mine if job.state != "done" and not job.is_alive]
    if unfinished and st.button("Go on with the training", icon=":material/play_arrow:"):
        go_on(visit, unfinished)
