"""The next thing to do in a project, in one sentence."""

from collections.abc import Collection
from typing import Literal, NamedTuple

from lightning_pose.projects.labeled import Labels, labels_changed, trained_instants
from lightning_pose.projects.status import Done, Model, Status

ENOUGH = 20  # labeled instants that a first network learns something from

Page = Literal["recordings", "extract", "label", "train", "predict", "viewer"]
Kind = Literal["add", "extract", "train", "predict", "smooth", ""]

_UNDER_WAY: dict[Kind, str] = {
    "add": "Recordings are being added.",
    "extract": "Frames are being extracted.",
    "train": "A network is being trained.",
    "predict": "Sessions are being predicted.",
    "smooth": "Sessions are being smoothed.",
}


class Step(NamedTuple):
    """What to do next.

    Attributes:
        sentence: says it, and why.
        action: in two or three words, for a button.
        page: where it is done.
        kind: of the job that does it; empty where hands do.
        is_under_way: whether such a job runs already.
    """

    sentence: str
    action: str
    page: Page
    kind: Kind = ""
    is_under_way: bool = False


def next_step(
    status: Status, labels: Labels, unseen: int | None = None, busy: Collection[str] = ()
) -> Step:  # fmt: skip
    """Return the next thing to do, the first that applies: add, extract, label, train, predict, smooth, look.

    Args:
        status: what is done.
        labels: what is labeled.
        unseen: from `unseen_labels`.
        busy: kinds of jobs that run or wait.
    """
    step = _due(status, labels, unseen)
    if step.kind and step.kind in busy:
        return step._replace(sentence=_UNDER_WAY[step.kind], action="Look at it", is_under_way=True)
    return step


def newest_model(status: Status) -> Model | None:
    """Return the model that was trained last; None where none can predict."""
    return next((model for model in status.models if model.trained is not None), None)


def unseen_labels(status: Status, labels: Labels) -> int | None:
    """Return how many instants were labeled since the newest model was trained; None if labels are the same.

    It is 0 where labels have been changed or taken out.
    """
    model = newest_model(status)
    if model is None or model.trained is None:
        return None
    folder = model.networks[0]
    if not labels_changed(status.project, folder, model.trained):
        return None
    known = trained_instants(folder)
    return 0 if known is None else max(0, labels.total - known)


def unpredicted(done: dict[str, Done]) -> list[str]:
    """Return the sessions of which a model's predictions are not whole, or not of now."""
    return [name for name, one in done.items() if one.predicted != "done"]


def unsmoothed(done: dict[str, Done]) -> list[str]:
    """Return the sessions that a model has predicted and the smoother has not been through."""
    return [name for name, one in done.items() if one.predicted == "done" and one.smoothed != "done"]


def _due(status: Status, labels: Labels, unseen: int | None) -> Step:
    """Return what is to be done, whether or not it is under way."""
    if not status.sessions and not labels.frames:
        return Step("There are no videos yet: add recordings.", "Add recordings", "recordings", "add")
    model = newest_model(status)
    if model is None:
        return _to_first_model(labels)
    if labels.queued:
        return Step(
            f"{_frames(labels.queued)} in the queue {_be(labels.queued)} waiting to be labeled.",
            "Label them", "label",
        )  # fmt: skip
    if unseen is not None:
        since = (
            f"{_frames(unseen)} {'has' if unseen == 1 else 'have'} been labeled"
            if unseen
            else "labels have changed"
        )
        return Step(f"Since {model.name} was trained, {since}: train again.", "Train again", "train", "train")
    done = status.done[model.name]
    left = unpredicted(done)
    if left:
        return Step(_left(left, len(done), "predicted by", model), "Predict them", "predict", "predict")
    left = unsmoothed(done) if model.is_ensemble else []
    if left:
        sentence = _left(left, len(done), "smoothed, from", model)
        return Step(sentence, "Smooth them", "predict", "smooth")
    return Step(
        "Everything is predicted: look at the frames where the networks are least sure, and label some.",
        "Look at difficult frames", "viewer",
    )  # fmt: skip


def _to_first_model(labels: Labels) -> Step:
    """Return what lacks until there is a model."""
    lacking = ENOUGH - labels.total
    if not labels.frames:
        return Step(
            "Nothing is labeled yet: extract frames to label.", "Extract frames", "extract", "extract"
        )
    if lacking <= 0:
        return Step(
            f"{_frames(labels.total)} {_be(labels.total)} labeled, enough to begin with: train a network.",
            "Train", "train", "train",
        )  # fmt: skip
    if not labels.waiting:
        sentence = f"All {_frames(labels.total)} that were extracted are labeled: extract {lacking} more."
        return Step(sentence, "Extract frames", "extract", "extract")
    more = (
        f"{_frames(lacking)}"
        if not labels.total
        else f"{lacking} more {'frame' if lacking == 1 else 'frames'}"
    )
    sentence = f"{_frames(labels.total)} {_be(labels.total)} labeled: label {more}, then train."
    return Step(sentence if labels.total else f"Label {more}, then train.", "Label", "label")


def _left(names: list[str], total: int, what: str, model: Model) -> str:
    """Return which sessions are to be done, the only one by its name."""
    if len(names) == 1 and total > 1:
        return f"Session {names[0] or 'without a name'} is not {what} {model.name} as it is now."
    if total == 1:
        return f"The session is not {what} {model.name} as it is now."
    return f"{len(names)} of {total} sessions are not {what} {model.name} as it is now."


def _frames(count: int) -> str:
    return f"{count} frame{'s' * (count != 1)}"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"
