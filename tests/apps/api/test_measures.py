"""Labels of a whole project, and the disagreement of each frame."""

import numpy as np
import pytest

from apps.api import measures
from apps.api.desk import Served
from apps.api.measures import measure_frames, read_sessions
from apps.labels import Operation
from tests.apps.api.conftest import SESSION, make_project, rig, world


@pytest.fixture
def served(tmp_path):
    found = Served(make_project(tmp_path / "mice"))
    yield found
    found.close()


def test_all_labels_come_as_arrays_with_the_frames_they_are_of(served):
    [labels] = read_sessions(served)
    assert labels.session == SESSION
    assert labels.frames == served.frames()[0].id
    np.testing.assert_allclose(labels.xy[:, :2], rig().project(world().points)[:, :2], atol=1e-3)
    assert np.isnan(labels.xy[:, 2]).all()


@pytest.mark.parametrize("few", [0, 200])
def test_the_worst_error_of_every_frame_is_measured_where_it_is_not_known(served, few, monkeypatch):
    monkeypatch.setattr(measures, "FEW", few)  # from the label files, or from the store
    measure_frames(served)
    worst = served.frames()[0].worst_px
    assert worst[:2] == pytest.approx([0, 0], abs=0.01)
    assert worst[2] is None


def test_an_edit_makes_it_unknown_and_then_it_is_measured_anew(served):
    measure_frames(served)
    frame = served.frames()[0].id[0]
    x, y = rig().project(world().points)[1, 0, 3]
    operation = Operation("1", frame, "right", "tail", x + 30, y, "visible", "manual", 0)
    served.store.apply([operation], who="Ada", client="c")
    assert served.frames()[0].worst_px[0] is None
    measure_frames(served)
    assert served.frames()[0].worst_px[0] == pytest.approx(30, abs=3)
