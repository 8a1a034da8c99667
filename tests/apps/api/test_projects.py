"""Projects and frames as the page reads them."""

import numpy as np

from apps.api.places import project_id
from tests.apps.api.conftest import FRAMES, NAMES, SESSION, SIZE, VIEWS, rig, world


def test_a_project_says_what_the_page_needs_before_any_frame(browser, labeled):
    said = browser.get()
    assert said["id"] == project_id(labeled)
    assert said["keypoints"] == list(NAMES)
    assert said["views"] == list(VIEWS)
    assert said["edges"] == [[0, 3], [0, 1], [0, 2]]
    assert said["pairs"] == [[1, 2]]
    assert all(len(color) == 7 for color in said["colors"])
    assert said["calibrated"] is True
    centres = [camera["position"] for camera in said["cameras"]]
    np.testing.assert_allclose(centres, [(-200, -250, 150), (250, -150, 200), (20, 10, 400)], atol=1e-9)
    for camera in said["cameras"]:  # all look at the origin, which a lens does not move
        u, v, w = np.array(camera["matrix"]) @ camera["rotation"] @ -np.array(camera["position"])
        np.testing.assert_allclose([u / w, v / w], np.array(camera["matrix"])[:2, 2], atol=1e-6)


def test_frames_come_in_columns_in_the_order_of_the_label_files(browser):
    said = browser.get("/frames")
    assert said["index"] == list(FRAMES)
    assert said["session"] == [SESSION] * 3
    assert said["labeled"] == [12, 12, 0]
    assert said["total"] == 12
    assert len(set(said["id"])) == 3


def test_a_frame_comes_with_its_labels_and_its_neighbours(browser):
    first, second, third = browser.frame_ids
    said = browser.get(f"/frames/{second}")
    assert (said["previous"], said["next"]) == (first, third)
    assert said["sizes"] == {view: list(SIZE) for view in VIEWS}
    x, y, state, origin, _ = said["cells"]["top"]["nose"]
    np.testing.assert_allclose((x, y), rig().project(world().points)[2, 1, 0], atol=1e-3)
    assert (state, origin) == ("visible", "imported")
    assert browser.get(f"/frames/{third}")["cells"]["top"]["nose"][:3] == [None, None, "unlabeled"]


def test_the_frames_around_are_those_on_disk_where_there_is_no_video(browser):
    second = browser.frame_ids[1]
    assert browser.get(f"/frames/{second}")["context"] == {view: [1] for view in VIEWS}


def test_an_image_that_is_gone_has_no_size_and_the_rest_of_the_frame_is_there(browser, labeled):
    next((labeled / "labeled-data").glob(f"*_top/*{FRAMES[0]}.png")).unlink()
    said = browser.get(f"/frames/{browser.frame_ids[0]}")
    assert said["sizes"]["top"] is None
    assert said["sizes"]["left"] == list(SIZE)


def test_what_is_not_there_is_said_in_a_sentence(browser):
    for path in ("/frames/nothing", "/frames/nothing/image/top", "/nothing", "/videos/s/top"):
        answer = browser.raw(path)
        assert answer.status_code == 404
        assert answer.json()["error"].endswith(".")
    assert browser.client.get("/api/projects/0123456789ab").status_code == 404


def test_a_project_of_uncalibrated_cameras_has_none(open_browser, labeled):
    (labeled / "calibration.toml").unlink()
    said = open_browser(labeled).get()
    assert (said["calibrated"], said["cameras"]) == (False, None)


def test_a_faulty_calibration_does_not_close_the_project(open_browser, labeled):
    (labeled / "calibration.toml").write_text("[cam_0]\nname = 'left'\n")
    assert open_browser(labeled).get()["calibrated"] is False
