"""The next thing to do, rule by rule, as a person walks through them."""

from pathlib import Path

import pytest

from lightning_pose.core.project import Project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.projects.labeled import NO_LABELS, Labels
from lightning_pose.projects.next_step import next_step, unpredicted, unseen_labels, unsmoothed
from lightning_pose.projects.status import Done, Model, Recording, Status

DONE = Done("done", 2, 2, 300.0, "done")
NOT_SMOOTHED = DONE._replace(smoothed="missing")
PROJECT = Project(Path("p"), ("top", "side"), skeleton_from_names(("nose",), []), {})
SINGLE = Model(Path("p/models/m"), "models/m", ("",), None, 200.0)
ENSEMBLE = Model(Path("p/models/e"), "models/e", ("rng=0", "rng=1"), None, 300.0)


def status(models=(), cells=(), sessions: int = 2) -> Status:
    """Return a project of some sessions; `cells` are those of the first model."""
    names = [f"s{number}" for number in range(sessions)]
    done = {model.name: dict(zip(names, cells or [DONE] * sessions, strict=True)) for model in models[:1]}
    recordings = {name: Recording(name, {}, 0.0) for name in names}
    return Status(Path("p"), PROJECT, recordings, list(models), done, [])


def labels(frames: int, labeled: int, queued: int = 0) -> Labels:
    return Labels({"s0": frames} if frames else {}, {"s0": labeled}, {"nose": labeled}, queued)


ENOUGH = labels(30, 25)


@pytest.mark.parametrize(
    ("state", "known", "unseen", "sentence", "page", "kind"),
    [
        (
            status(sessions=0),
            NO_LABELS,
            None,
            "There are no videos yet: add recordings.",
            "recordings",
            "add",
        ),
        (status(), NO_LABELS, None, "Nothing is labeled yet: extract frames to label.", "extract", "extract"),
        (status(), labels(30, 0), None, "Label 20 frames, then train.", "label", ""),
        (status(), labels(30, 1), None, "1 frame is labeled: label 19 more frames, then train.", "label", ""),
        (
            status(),
            labels(30, 19),
            None,
            "19 frames are labeled: label 1 more frame, then train.",
            "label",
            "",
        ),
        (
            status(),
            labels(8, 8),
            None,
            "All 8 frames that were extracted are labeled: extract 12 more.",
            "extract",
            "extract",
        ),
        (
            status(),
            labels(30, 20),
            None,
            "20 frames are labeled, enough to begin with: train a network.",
            "train",
            "train",
        ),
        (
            status([SINGLE]),
            ENOUGH,
            3,
            "Since models/m was trained, 3 frames have been labeled: train again.",
            "train",
            "train",
        ),
        (
            status([SINGLE]),
            ENOUGH,
            1,
            "Since models/m was trained, 1 frame has been labeled: train again.",
            "train",
            "train",
        ),
        (
            status([SINGLE]),
            ENOUGH,
            0,
            "Since models/m was trained, labels have changed: train again.",
            "train",
            "train",
        ),
        (
            status([SINGLE]),
            labels(30, 25, 2),
            3,
            "2 frames in the queue are waiting to be labeled.",
            "label",
            "",
        ),
        (
            status([SINGLE]),
            labels(30, 25, 1),
            None,
            "1 frame in the queue is waiting to be labeled.",
            "label",
            "",
        ),
        (
            status([SINGLE], [DONE, DONE._replace(predicted="partial")]),
            ENOUGH,
            None,
            "Session s1 is not predicted by models/m as it is now.",
            "predict",
            "predict",
        ),
        (
            status([SINGLE], [DONE._replace(predicted="missing")], 1),
            ENOUGH,
            None,
            "The session is not predicted by models/m as it is now.",
            "predict",
            "predict",
        ),
        (
            status(
                [SINGLE],
                [
                    DONE._replace(predicted=x)
                    for x in ("missing", "older than the model", "older than the video", "done")
                ],
                4,
            ),
            ENOUGH,
            None,
            "3 of 4 sessions are not predicted by models/m as it is now.",
            "predict",
            "predict",
        ),
        (
            status([ENSEMBLE, SINGLE], [NOT_SMOOTHED, NOT_SMOOTHED._replace(smoothed="older")]),
            ENOUGH,
            None,
            "2 of 2 sessions are not smoothed, from models/e as it is now.",
            "predict",
            "smooth",
        ),
        (
            status([SINGLE], [NOT_SMOOTHED, NOT_SMOOTHED]),
            ENOUGH,
            None,
            "Everything is predicted: look at the frames where the networks are least sure, and label some.",
            "viewer",
            "",
        ),
        (
            status([ENSEMBLE]),
            ENOUGH,
            None,
            "Everything is predicted: look at the frames where the networks are least sure, and label some.",
            "viewer",
            "",
        ),
    ],
)
def test_the_first_thing_that_applies_is_said(state, known, unseen, sentence, page, kind):
    step = next_step(state, known, unseen)
    assert (step.sentence, step.page, step.kind, step.is_under_way) == (sentence, page, kind, False)
    assert step.action


@pytest.mark.parametrize(
    ("state", "known", "busy", "sentence"),
    [
        (status(sessions=0), NO_LABELS, "add", "Recordings are being added."),
        (status(), NO_LABELS, "extract", "Frames are being extracted."),
        (status(), ENOUGH, "train", "A network is being trained."),
        (
            status([SINGLE], [DONE, DONE._replace(predicted="missing")]),
            ENOUGH,
            "predict",
            "Sessions are being predicted.",
        ),
        (status([ENSEMBLE], [DONE, NOT_SMOOTHED]), ENOUGH, "smooth", "Sessions are being smoothed."),
    ],
)
def test_what_is_under_way_is_not_asked_for_again(state, known, busy, sentence):
    step = next_step(state, known, busy={busy, "other"})
    assert (step.sentence, step.is_under_way) == (sentence, True)
    assert not next_step(state, known, busy={"other"}).is_under_way


def test_a_project_of_images_without_videos_can_be_labeled_and_trained(tmp_path):
    assert next_step(status(sessions=0), labels(30, 4)).page == "label"


def test_a_model_without_weights_is_none(tmp_path):
    assert next_step(status([SINGLE._replace(trained=None)]), ENOUGH).page == "train"


def test_a_smoothed_session_that_is_to_be_predicted_anew_is_not_smoothed_before():
    cells = {"a": DONE, "b": NOT_SMOOTHED, "c": NOT_SMOOTHED._replace(predicted="older than the model")}
    assert unpredicted(cells) == ["c"]
    assert unsmoothed(cells) == ["b"]


def test_labels_that_the_newest_model_has_not_seen_are_counted(tmp_path):
    file = tmp_path / "CollectedData.csv"
    file.write_text("now, and longer")
    project = Project(tmp_path, (), PROJECT.skeleton, {"": file})
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / file.name).write_text("then")
    (folder / "split.csv").write_text("frame,set\n" + "".join(f"{n}.png,train\n" for n in range(22)))
    state = status([SINGLE._replace(folder=folder)])._replace(project=project)
    assert unseen_labels(state, ENOUGH) == 3
    assert unseen_labels(state, labels(30, 20)) == 0
    (folder / file.name).write_text("now, and longer")
    assert unseen_labels(state, ENOUGH) is None
    assert unseen_labels(status(), ENOUGH) is None
