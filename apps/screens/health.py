"""What is wrong in a project, or worth knowing, and what to do about it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import streamlit as st

from apps.screens.style import head, plain
from apps.screens.visit import Visit
from lightning_pose.core.errors import PoseError
from lightning_pose.projects.health import Issue, check_project

ICONS = {"error": ":material/error:", "warning": ":material/warning:", "note": ":material/info:"}
COLORS = {"error": "red", "warning": "orange", "note": "gray"}
TITLES = {"error": "Cannot work", "warning": "Probably goes wrong", "note": "Worth knowing"}


@st.cache_data(show_spinner="Looking at everything in the project", ttl=600)
def issues_of(folder: Path) -> list[Issue]:
    """Return what is wrong in a project; kept for ten minutes, since the index of every video is read."""
    return check_project(folder)


def show_health(visit: Visit) -> None:
    """Draw the page."""
    line, button = st.columns([6, 1], vertical_alignment="bottom")
    with line:
        head("Health", "Everything in the project looked at: files, videos, calibration, labels, images.")
    if button.button("Check again", icon=":material/refresh:", width="stretch"):
        issues_of.clear()
    issues = issues_of(visit.folder)
    issues = [*issues, *_of_labels(visit, issues)]
    counts = {severity: sum(issue.severity == severity for issue in issues) for severity in TITLES}
    for column, (severity, title) in zip(st.columns(3), TITLES.items(), strict=True):
        column.metric(title, counts[severity], border=True)
    if not counts["error"] and not counts["warning"]:
        st.success("Nothing is wrong.", icon=":material/check_circle:")
    for severity in TITLES:
        show_issues([issue for issue in issues if issue.severity == severity])


def _of_labels(visit: Visit, known: Sequence[Issue]) -> list[Issue]:
    """Return what the app's own store of labels has to say beside what is known."""
    try:
        store = visit.served().store
    except PoseError as error:
        if any((issue.severity, issue.subject) == ("error", "labels") for issue in known):
            return []
        return [Issue("error", "labels", str(error))]
    issues = [Issue("warning", "labels", fault) for fault in store.faults]
    if store.read_only:
        by = f": {store.holder} writes them" if store.holder else ""
        issues.append(Issue("warning", "labels", f"the labels are open for reading only{by}"))
    return issues


def show_issues(issues: Iterable[Issue]) -> None:
    """Draw a line for each."""
    for issue in issues:
        with st.container(border=True):
            mark, text = st.columns([1, 8], vertical_alignment="center")
            color = COLORS[issue.severity]
            mark.markdown(f":{color}[{ICONS[issue.severity]}] :{color}-badge[{issue.subject}]")
            text.markdown(plain(issue.text))
