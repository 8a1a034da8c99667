"""Labels of a whole project, and the disagreement of each frame."""

import numpy as np
import pytest

from apps.api import measures
from apps.api.desk import Served
from apps.api.measures import labels_of, measure_frames
from apps.labels import Operation
from tests.apps.api.conftest import SESSION, make_project, rig, world


@pytest.fixture
def served(tmp_path):
    found = Served(make_project(tmp_path / "mice"))
    yield found
    found.close()


def test_all_labels_come_as_arrays_with_the_frames_they_are_of(served):
    [labels] = labels_of(served, served.frames()[0].id)
    assert labels.session == SESSION
    assert labels.frames == served.frames()[0].id
    np.testing.assert_allclose(labels.xy[:, :2], rig().project(world().points)[:, :2], atol=1e-3)
    assert np.isnan(labels.xy[:, 2]).all()


def test_the_worst_error_of_every_frame_is_measured_where_it_is_not_known(served):
    assert not measure_frames(served)
    worst = served.frames()[0].worst_px
    assert worst[:2] == pytest.approx([0, 0], abs=0.01)
    assert worst[2] is None


def test_many_frames_are_measured_some_at_a_time(served):
    assert measure_frames(served, most=1)
    assert [worst is None for worst in served.frames()[0].worst_px] == [False, True, True]
    assert not measure_frames(served, most=1)
    assert [worst is None for worst in served.frames()[0].worst_px] == [False, False, True]
    assert not measure_frames(served, most=1)


def test_an_edit_makes_it_unknown_and_then_it_is_measured_anew(served):
    measure_frames(served)
    frame = served.frames()[0].id[0]
    x, y = rig().project(world().points)[1, 0, 3]
    operation = Operation("1", frame, "right", "tail", x + 30, y, "visible", "manual", 0)
    served.store.apply([operation], who="Ada", client="c")
    assert served.frames()[0].worst_px[0] is None
    measure_frames(served)
    assert served.frames()[0].worst_px[0] == pytest.approx(30, abs=3)


def test_a_frame_with_one_labeled_view_has_no_error_and_is_not_tried_for_ever(served):
    frame = served.frames()[0].id[2]
    operation = Operation("1", frame, "right", "tail", 30.0, 20.0, "visible", "manual", 0)
    served.store.apply([operation], who="Ada", client="c")
    assert not measure_frames(served, most=3)
    assert served.frames()[0].worst_px[2] is None
    assert served.unmeasurable == {frame}
    assert not measure_frames(served, most=0)


def test_what_is_edited_while_it_is_measured_is_not_known(served, monkeypatch):
    first, _, third = served.frames()[0].id
    x, y = rig().project(world().points)[1, 0, 3]
    late = [
        Operation("late", first, "right", "tail", x + 30, y, "visible", "manual", 0),
        Operation("also", third, "right", "tail", x, y, "visible", "manual", 0),
    ]

    def interrupted(*measured):
        served.store.apply(late, who="Ada", client="c")
        monkeypatch.undo()
        return measures.worst_residuals(*measured)

    monkeypatch.setattr(measures, "worst_residuals", interrupted)
    measure_frames(served)
    assert [worst is None for worst in served.frames()[0].worst_px] == [True, False, True]
    assert not served.unmeasurable
    measure_frames(served)
    assert served.frames()[0].worst_px[0] == pytest.approx(30, abs=3)
