"""What other programs do to an open project is taken in, or said."""

import json

import pytest

from apps.api import outside
from apps.api.desk import Served
from lightning_pose.core.naming import image_name
from lightning_pose.core.project import PROJECT_FILE
from tests.apps.api.conftest import SESSION, VIEWS, write_image


@pytest.fixture
def served(labeled, monkeypatch):
    monkeypatch.setattr(outside, "LOOK", 0.0)
    found = Served(labeled)
    yield found
    found.close()


def extract(folder, *frames):
    """Do what `litpose extract` does at its end."""
    entries = []
    for frame in frames:
        images = {view: image_name(SESSION, view, frame) for view in VIEWS}
        for image in images.values():
            write_image(folder / image, 90)
        entries.append({"frame": frame, "images": images, "method": "list", "reasons": []})
    (folder / "extracted").mkdir(exist_ok=True)
    (folder / "extracted" / f"{SESSION}.json").write_text(json.dumps({"session": SESSION, "frames": entries}))


def test_frames_that_are_extracted_in_a_shell_come_to_the_open_project(served, labeled):
    assert served.outside.changes() is None and len(served.frames()[0].id) == 3
    extract(labeled, 40)
    assert served.outside.changes() is None
    assert served.frames()[0].index == [3, 10, 17, 40]
    extract(labeled, 40, 55)
    served.outside.changes()
    assert served.frames()[0].index == [3, 10, 17, 40, 55]
    rev = served.store.rev
    served.outside.changes()
    assert served.store.rev == rev  # nothing to take in, nothing is written


def test_other_edges_are_taken_over_and_other_keypoints_are_not(served, labeled):
    path = labeled / PROJECT_FILE
    text = path.read_text()
    names, edges = served.project.keypoint_names, served.project.skeleton.edges
    assert len(edges) == 3
    path.write_text(text.replace("tail", "tale"))
    served.outside.changes()
    assert served.project.keypoint_names == names
    assert "Start the app again" in served.outside.trouble
    path.write_text("view_names: [")
    served.outside.changes()  # half written
    assert served.project.skeleton.edges == edges
    lines = [line for line in text.splitlines() if line.strip() != "- [nose, ear_left]"]
    assert len(lines) == len(text.splitlines()) - 1, text
    path.write_text("\n".join(lines) + "\n")
    served.outside.changes()
    assert len(served.project.skeleton.edges) == 2 and not served.outside.trouble


def test_a_label_file_that_cannot_be_read_is_said(served, labeled):
    (labeled / "CollectedData_top.csv").write_text("scorer,a\n")
    found = served.outside.changes()
    assert found["faults"] and "CollectedData_top.csv" in found["faults"][0]
