"""Which projects are served, once each, and what they know of their cameras."""

import threading
import time

import pytest

from apps.api import desk as module
from apps.api.answers import RequestError
from apps.api.desk import Desk, Served, desk_of
from apps.api.places import project_id
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import CalibrationError
from lightning_pose.projects.recent import remember_project
from tests.apps.api.conftest import SESSION, VIEWS, make_project


@pytest.fixture(autouse=True)
def config(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_of_a_folder_only_its_own_project_is_served(tmp_path):
    one, other = (make_project(tmp_path / name) for name in ("one", "other"))
    remember_project(other)
    desk = Desk(one)
    assert list(desk.folders().values()) == [one.resolve()]
    with pytest.raises(RequestError, match="not open here"):
        desk.served(project_id(other))


def test_without_a_folder_the_recent_projects_are(tmp_path):
    folder = make_project(tmp_path / "one")
    desk = Desk(None)
    assert desk.folders() == {}
    remember_project(folder)
    assert desk.served(project_id(folder)).folder == folder.resolve()
    desk.close()


def test_a_project_is_opened_once_however_many_ask(tmp_path, monkeypatch):
    folder = make_project(tmp_path / "one")
    made = []
    real = module.Served
    monkeypatch.setattr(module, "Served", lambda *given: made.append(time.sleep(0.1)) or real(*given))
    desk, found = Desk(folder), []
    threads = [
        threading.Thread(target=lambda: found.append(desk.served(project_id(folder)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(set(map(id, found))) == 1
    desk.close()


def test_pages_and_routes_of_a_folder_share_a_desk(tmp_path):
    assert desk_of(tmp_path) is desk_of(tmp_path)
    assert desk_of(tmp_path) is not desk_of(None)


def test_a_calibration_that_changes_is_read_again(tmp_path):
    folder = make_project(tmp_path / "one")
    desk = Desk(folder)
    served = desk.served(project_id(folder))
    first = served.rig(SESSION)
    assert served.rig(SESSION) is first
    assert first.names == VIEWS
    rig = Rig.load(folder / "calibration.toml")
    Rig(rig.names, rig.sizes, rig.camera, unit="cm").save(folder / "calibration.toml")
    assert served.rig(SESSION).unit == "cm"
    rig.select(VIEWS[:2]).save(folder / "calibration.toml")
    with pytest.raises(CalibrationError):
        served.rig(SESSION)
    assert served.known_rig(SESSION) is None
    desk.close()


def test_where_a_frame_is_filmed_is_known_without_reading_all_frames_again(tmp_path, monkeypatch):
    served = Served(make_project(tmp_path / "one"))
    table, _ = served.frames()
    monkeypatch.setattr(served.store, "frames", lambda: pytest.fail("all frames were read"))
    served.store.annotate(table.id[1], note="looked at", who="Ada")
    served.forget_frames()
    assert served.place(table.id[1]) == (table.session[1], table.index[1])
    monkeypatch.undo()
    with pytest.raises(RequestError, match="no such frame"):
        served.place("nothing")
    assert served.row(table.id[1])[0].note[1] == "looked at"
    served.close()


def test_videos_are_those_of_the_project_as_they_were_a_moment_ago(tmp_path, monkeypatch):
    served = Served(make_project(tmp_path / "one", videos=True))
    assert served.videos() == served.project.videos()
    (served.folder / "videos" / f"{SESSION}_{VIEWS[0]}.mp4").unlink()
    monkeypatch.setattr("apps.api.desk.RECENT", 0.0)
    assert list(served.videos()[SESSION]) == list(VIEWS[1:])
