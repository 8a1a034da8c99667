"""Errors of one model, and of two beside each other."""

import math

import numpy as np
from streamlit.testing.v1 import AppTest

from apps.screens.compare import table_of
from lightning_pose.projects.scores import ALL, Score

SETS = ("validation", "test")
PLACES = [(view, keypoint) for view in ("left", "right", ALL) for keypoint in ("nose", "tail", ALL)]


def scores(base: float, labels: int = 10, sets: tuple[str, ...] = ("train", "validation")):
    """Scores that grow by one from each place to the next."""
    numbers = [(which, *place) for which in sets for place in PLACES]
    return {place: Score(labels, base + n, base + n, base + n) for n, place in enumerate(numbers)}


def page(ours: dict, theirs: dict) -> None:
    from pathlib import Path

    from apps.screens.compare import show_comparison
    from lightning_pose.projects.models import Model

    one, other = (Model(Path(name), name, "done", 1.0) for name in ("a", "b*"))
    show_comparison((one, ours), (other, theirs))


def run(ours: dict, theirs: dict) -> AppTest:
    found = AppTest.from_function(page, args=(ours, theirs), default_timeout=60).run()
    assert not found.exception
    return found


def test_the_table_has_keypoints_and_views_and_the_whole_at_the_end():
    table = table_of(scores(1.0), "validation")
    assert list(table.columns) == ["left", "right", "all views"]
    assert list(table.index) == ["nose", "tail", ALL]
    assert table.loc["tail", "right"] == 1.0 + len(PLACES) + 4
    none, one = Score(0, math.nan, math.nan, math.nan), Score(1, 2, 2, 2)
    single = {("train", ALL, "nose"): none, ("train", ALL, ALL): one}
    assert list(table_of(single, "train").columns) == ["error"]


def test_two_models_are_compared_on_a_set_that_both_have():
    found = run(scores(20.0), scores(5.0, sets=SETS))
    (table,) = found.dataframe
    np.testing.assert_allclose(table.value.to_numpy(), 5.0 - 20.0 - len(PLACES))
    assert found.metric[1].delta == f"{5.0 - 20.0 - len(PLACES):+.2f} px"
    assert not any("They were asked about" in caption.value for caption in found.caption)


def test_different_labels_are_said():
    found = run(scores(20.0), scores(5.0, 7, SETS))
    assert any("10 and 7 labels" in caption.value for caption in found.caption)


def test_one_without_errors_is_named_letter_for_letter():
    assert run(scores(20.0), {}).info[0].value.startswith("b\\* has not been compared")
