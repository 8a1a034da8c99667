"""What labels say of the space before the cameras: measured once, and again where nobody waits for it."""

import pytest

from apps.api import spaces
from apps.api.desk import Served
from apps.labels import Operation
from tests.apps.api.conftest import SESSION, make_project, rig, world


@pytest.fixture
def served(tmp_path):
    found = Served(make_project(tmp_path / "mice"))
    yield found
    found.close()


def label_third_frame(served: Served) -> None:
    pixels = rig().project(world().points)
    frame = served.frames()[0].id[2]
    operations = [
        Operation(f"{v}{k}", frame, view, name, *pixels[v, 2, k].tolist(), "visible", "manual", 0)
        for v, view in enumerate(served.views)
        for k, name in enumerate(served.project.keypoint_names)
    ]
    served.store.apply(operations, who="Ada", client="c")


def test_a_hand_never_waits_for_a_new_look_at_the_labels(served, monkeypatch):
    monkeypatch.setattr(spaces, "STALE", 0)
    before = served.spaces.of(SESSION)
    assert served.spaces.renew(SESSION) is before  # no label is new
    label_third_frame(served)
    assert served.spaces.of(SESSION) is before
    after = served.spaces.renew(SESSION)
    assert (len(before.frames), len(after.frames)) == (2, 3)
    assert served.spaces.of(SESSION) is after


def test_a_new_look_is_taken_only_every_while(served):
    before = served.spaces.renew(SESSION)
    label_third_frame(served)
    assert served.spaces.renew(SESSION) is before
