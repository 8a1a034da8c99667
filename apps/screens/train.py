"""The page of training: what is recommended and why, what one wishes instead, and how it goes."""

import re
from pathlib import Path
from typing import Any

import streamlit as st
import yaml

from apps.api.desk import Served
from apps.screens.faults import faults_as_messages
from apps.screens.style import head, plain
from apps.screens.trainform import Form, kept
from apps.screens.trainings import show_trainings
from apps.screens.visit import Visit
from lightning_pose.core.errors import DataError
from lightning_pose.projects.models import models_home
from lightning_pose.projects.training import (
    Wish,
    faults_of,
    line_of,
    little_room,
    recommendation,
    start_training,
)

FORM, TEXT = "Form", "YAML"
FAULTS, DRAFT, VIEW = "faults of training", "draft of training", "train as"  # in the state of a visit
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def show_train(visit: Visit) -> None:
    """Draw the page."""
    head("Train", "A network learns from the labels. It goes on when this page or the app is closed.")
    left, right = st.columns([6, 5], gap="large")
    with right, faults_as_messages():
        show_trainings(visit)  # first: the form may have to wait for what is recommended
    with left, faults_as_messages():
        _show_wish(visit)


@st.cache_data(show_spinner="Looking at labels, images and videos", max_entries=8, ttl=3600)
def advice(_served: Served, folder: str, rev: int) -> dict[str, Any]:
    """Return what is recommended for a project; asked again when labels have changed."""
    _served.materialise()
    return recommendation(Path(folder))


def _show_wish(visit: Visit) -> None:
    """Draw the form, and start what it says."""
    for key in [key for key in st.session_state if str(key).startswith("train ")]:
        st.session_state[key] = st.session_state[key]  # else what is not drawn once is forgotten
    served = visit.served()
    if not served.store.frames().id:
        st.info("No frame is there to learn from yet. Extract some, and label them.")
        if st.button("Label frames", icon=":material/ads_click:"):
            visit.open_frame("")
        return
    try:
        found = advice(served, str(visit.folder), served.store.rev)
    except DataError as error:
        st.warning(plain(str(error)), icon=":material/label_off:")
        if st.button("Label frames", icon=":material/ads_click:"):
            visit.open_frame("")
        return
    st.caption(_summary(found))
    for note in [*found["notes"], little_room(models_home(visit.folder, visit.contents.root))]:
        if note:
            st.warning(plain(note), icon=":material/info:")
    with st.container(border=True):
        wish = _show_basics(visit, found)
        view = st.segmented_control(
            "As", [FORM, TEXT], required=True, key=kept(VIEW, FORM), label_visibility="collapsed"
        )
        form = Form(found, st.session_state.get(FAULTS, []), str(visit.folder))
        text = _show_form(form) if view == FORM else _show_text(form)
    if st.button("Start", type="primary", width="stretch", icon=":material/play_arrow:"):
        _start(visit, wish._replace(text=text))


def _summary(found: dict[str, Any]) -> str:
    """Return what there is to learn from, in a sentence."""
    instants, sessions = sum(found["instants"].values()), len(found["instants"])
    views = len(found["views"]) or 1
    parts = [
        f"{instants} labeled instants of {sessions} session{'s' * (sessions > 1)}",
        f"{views} view{'s' * (views > 1)}" + (", calibrated" if found["calibrated"] else ""),
        ", ".join(plain(gpu["name"]) for gpu in found["gpus"]) or f"no GPU, {found['cores']} cores",
    ]
    return " · ".join(parts)


def _show_basics(visit: Visit, found: dict[str, Any]) -> Wish:
    """Draw what is no part of the configuration: name, networks, device, sessions that are held out."""
    home = models_home(visit.folder, visit.contents.root)
    name, device = st.columns(2)
    given = name.text_input("Name", key=kept("train name", free_name(home)), help="of the model's folder")
    devices = {f"cuda:{n}": f"GPU {n}: {gpu['name']}" for n, gpu in enumerate(found["gpus"])} | {"cpu": "CPU"}
    chosen = device.selectbox(
        "Device", list(devices), format_func=devices.__getitem__,
        key=kept("train device", next(iter(devices)), list(devices)),
        help="one training at a time on each; others wait for their turn",
    )  # fmt: skip
    networks, held = st.columns(2)
    count = networks.number_input(
        "Networks", 1, 20, key=kept("train networks", 1),
        help="several make an ensemble: they differ in their random numbers, and where they disagree the "
        "prediction is uncertain",
    )  # fmt: skip
    sessions = held.multiselect(
        "Held out to validate", list(found["instants"]), placeholder="chosen automatically",
        format_func=lambda one: one or "the session", key="train held out",
        help="whole sessions that are not trained on; automatically, a stretch of time of every session, or "
        "whole sessions from eight on",
    )  # fmt: skip
    seeds = tuple(range(int(count)))
    return Wish(home / given.strip(), "", seeds, chosen, tuple(sessions))


def _show_form(form: Form) -> str:
    """Draw the form, and return the configuration that it makes."""
    form.draw()
    for fault in form.other_faults():
        st.error(plain(fault))
    text = yaml.safe_dump(form.yaml_values(), sort_keys=False, allow_unicode=True)
    st.session_state[DRAFT] = text
    return text


def _show_text(form: Form) -> str:
    """Draw the configuration as text, with the lines that are wrong, and return it."""
    draft = st.session_state.get(DRAFT) or yaml.safe_dump(form.yaml_values(), sort_keys=False)
    st.html("<style>.st-key-configuration textarea {font-family: ui-monospace, monospace}</style>")
    text = st.text_area(
        "Configuration", value=draft, height=440, key="configuration", label_visibility="collapsed"
    )
    st.caption("This is trained as it stands here. docs/formats/config.md lists every key.")
    for fault in form.faults:
        line = line_of(text, fault)
        st.error(plain(fault if line is None else f"Line {line}: {fault}"))
    return text


def _start(visit: Visit, wish: Wish) -> None:
    """Check a wish, and start it or say what is wrong with it."""
    home = models_home(visit.folder, visit.contents.root)
    if NAME.fullmatch(wish.folder.name) is None or wish.folder.parent != home:
        st.error("The name becomes that of a folder: letters, digits, - _ and . please.")
        return
    if wish.folder.exists():
        st.error(f"There is a model {plain(wish.folder.name)} already; choose another name.")
        return
    with st.spinner("Checking"):
        faults = faults_of(wish.text, visit.folder)
    st.session_state[FAULTS] = faults
    if not faults:
        visit.served().materialise()  # the programs read the label files
        started = start_training(visit.folder, wish)
        st.toast(f"{len(started)} network{'s' * (len(started) > 1)} started, or in the queue")
        del st.session_state["train name"]
    st.rerun()


def free_name(home: Path) -> str:
    """Return a name that no model has yet."""
    number = 1
    while (home / f"model-{number}").exists():
        number += 1
    return f"model-{number}"
