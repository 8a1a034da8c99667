"""Pictures: the bytes that were labeled, the frames around them, and nothing outside the project."""

import os

import cv2
import numpy as np
import pytest

from apps.api.images import PORTION
from lightning_pose.core.naming import image_name
from lightning_pose.projects.sessions import proxy_file
from tests.apps.api.conftest import FRAMES, SESSION, SIZE, VIEWS, make_project


def shown(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
def filmed(open_browser, tmp_path):
    """A browser on a project with videos whose frame k is grey 10 + 10 k."""
    return open_browser(make_project(tmp_path / "filmed", videos=True))


def test_an_image_comes_byte_for_byte(browser, labeled):
    answer = browser.raw(f"/frames/{browser.frame_ids[0]}/image/top")
    assert answer.content == (labeled / image_name(SESSION, "top", FRAMES[0])).read_bytes()
    assert answer.headers["content-type"] == "image/png"


def test_an_image_is_sent_once_and_then_only_asked_about(browser):
    path = f"/frames/{browser.frame_ids[0]}/image/top"
    tag = browser.raw(path).headers["etag"]
    again = browser.raw(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_an_address_with_the_version_may_be_kept_for_ever_and_another_not(browser, labeled):
    frame = browser.frame_ids[0]
    version = browser.get(f"/frames/{frame}")["versions"]["top"]
    path = f"/frames/{frame}/image/top"
    assert "immutable" in browser.raw(f"{path}?v={version}").headers["cache-control"]
    assert "no-cache" in browser.raw(path).headers["cache-control"]
    os.utime(labeled / image_name(SESSION, "top", FRAMES[0]), ns=(1, 1))
    assert browser.get(f"/frames/{frame}")["versions"]["top"] != version
    assert "no-cache" in browser.raw(f"{path}?v={version}").headers["cache-control"]


def test_a_neighbour_on_disk_is_shown_as_it_is(browser):
    assert shown(browser.raw(f"/frames/{browser.frame_ids[1]}/image/left?offset=1"))[0, 0, 0] == 200


@pytest.mark.parametrize("offset", [-3, -1, 2, 5])
def test_a_neighbour_that_is_only_in_the_video_is_exactly_that_frame(filmed, offset):
    frame = filmed.frame_ids[1]
    assert filmed.get(f"/frames/{frame}")["context"]["top"] == [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]
    grey = shown(filmed.raw(f"/frames/{frame}/image/top?offset={offset}")).mean()
    assert abs(grey - (10 + 10 * (FRAMES[1] + offset))) < 4


def test_frames_too_far_away_and_behind_the_end_are_not_there(filmed):
    last = filmed.frame_ids[2]
    assert filmed.raw(f"/frames/{last}/image/top?offset=5").status_code == 404
    assert filmed.raw(f"/frames/{last}/image/top?offset=99").status_code == 400
    assert filmed.raw(f"/frames/{last}/image/top?offset=x").status_code == 400


def test_a_smaller_copy_is_as_wide_as_asked(browser):
    answer = browser.raw(f"/frames/{browser.frame_ids[0]}/image/top?width=40")
    assert answer.headers["content-type"] == "image/jpeg"
    assert shown(answer).shape == (30, 40, 3)
    assert answer.headers["x-size"] == f"{SIZE[0]}x{SIZE[1]}"


def test_a_tiff_is_shown_without_loss(open_browser, labeled, rng):
    pixels = rng.integers(0, 255, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    name = image_name(SESSION, "top", FRAMES[0])
    cv2.imwrite(str(labeled / name.replace(".png", ".tif")), pixels)
    table = labeled / "CollectedData_top.csv"
    table.write_text(table.read_text().replace(name, name.replace(".png", ".tif")))
    for view in VIEWS[:2]:
        table = labeled / f"CollectedData_{view}.csv"
        table.write_text(table.read_text().replace(f"{FRAMES[0]:08d}.png", f"{FRAMES[0]:08d}.tif"))
    browser = open_browser(labeled)
    answer = browser.raw(f"/frames/{browser.frame_ids[0]}/image/top")
    assert answer.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(shown(answer), pixels)


def test_a_link_that_leads_out_of_the_project_is_not_followed(browser, labeled, tmp_path):
    secret = tmp_path / "secret.png"
    image = labeled / image_name(SESSION, "top", FRAMES[0])
    image.rename(secret)
    image.symlink_to(secret)
    answer = browser.raw(f"/frames/{browser.frame_ids[0]}/image/top")
    assert answer.status_code == 404
    assert "leads out" in answer.json()["error"]
    assert browser.get(f"/frames/{browser.frame_ids[0]}")["sizes"]["top"] is None


def test_a_folder_that_is_a_link_out_of_the_project_is_not_followed(browser, labeled, tmp_path):
    folder = labeled / "labeled-data" / f"{SESSION}_top"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert browser.raw(f"/frames/{browser.frame_ids[0]}/image/top").status_code == 404


def test_a_video_comes_in_the_ranges_that_the_browser_asks_for(filmed):
    path = f"/videos/{SESSION}/top"
    whole = (filmed.folder / "videos" / f"{SESSION}_top.mp4").read_bytes()
    assert filmed.raw(path).content == whole
    for asked, expected in (
        ("10-19", whole[10:20]),
        ("50-", whole[50:]),
        ("-7", whole[-7:]),
    ):
        answer = filmed.raw(path, headers={"Range": f"bytes={asked}"})
        assert answer.status_code == 206
        assert answer.content == expected
    assert filmed.raw(path, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416


def test_all_the_rest_of_a_long_video_comes_in_portions_so_that_no_film_keeps_a_connection(filmed):
    path, file = f"/videos/{SESSION}/top", filmed.folder / "videos" / f"{SESSION}_top.mp4"
    whole = file.read_bytes() + bytes(2 * PORTION)
    file.write_bytes(whole)
    first = filmed.raw(path, headers={"Range": "bytes=0-"})
    assert first.headers["content-range"] == f"bytes 0-{PORTION - 1}/{len(whole)}"
    got, headers = first.content, {"If-Range": first.headers["etag"]}
    while len(got) < len(whole):
        answer = filmed.raw(path, headers={"Range": f"bytes={len(got)}-", **headers})
        assert (answer.status_code, answer.headers["etag"]) == (206, first.headers["etag"])
        assert 0 < len(answer.content) <= PORTION
        got += answer.content
    assert got == whole
    changed = filmed.raw(path, headers={"Range": "bytes=9-", "If-Range": '"another"'})
    assert (changed.status_code, len(changed.content)) == (200, len(whole))


def test_a_video_that_has_a_copy_for_browsers_comes_as_that(filmed):
    proxy = proxy_file(filmed.folder, filmed.folder / "videos" / f"{SESSION}_top.mp4")
    proxy.parent.mkdir(parents=True)
    proxy.write_bytes(b"as a browser plays it")
    assert filmed.raw(f"/videos/{SESSION}/top").content == b"as a browser plays it"


def test_a_video_that_is_a_link_out_of_the_project_is_not_followed(filmed, tmp_path):
    video = filmed.folder / "videos" / f"{SESSION}_top.mp4"
    video.rename(tmp_path / "away.mp4")
    video.symlink_to(tmp_path / "away.mp4")
    assert filmed.raw(f"/videos/{SESSION}/top").status_code == 404
