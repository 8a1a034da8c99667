from pathlib import Path, PurePosixPath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import (
    ImageLocation,
    complete_sessions,
    context_images,
    find_view,
    frame_index,
    group_by_session,
    image_at,
    image_file,
    image_name,
    image_session,
    locate_image,
    missing_views,
    parse_stem,
    split_seed,
)

VIEW = st.text("abcAB019_-.", min_size=1, max_size=8).filter(lambda name: name.strip("_-."))
SESSION = st.text("abcAB019_-. =", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("stem", "views", "expected"),
    [
        ("mouse_cam1", ["cam1", "cam10"], ("mouse", "cam1")),
        ("mouse_cam10", ["cam1", "cam10"], ("mouse", "cam10")),
        ("cam1_mouse_cam10", ["cam1", "cam10"], ("cam1_mouse", "cam10")),
        ("s1-left_top", ["top", "left_top"], ("s1", "left_top")),
        ("s1.left-top", ["top", "left-top"], ("s1", "left-top")),
        ("180607_004.train_frames=75.rng=0.bot", ["top", "bot"], ("180607_004.train_frames=75.rng=0", "bot")),
        ("fly_Cam-A", ["A", "Cam-A"], ("fly", "Cam-A")),
        ("cam2", ["cam1", "cam2"], ("", "cam2")),
        ("any_thing", [], ("any_thing", "")),
        ("any_thing", [""], ("any_thing", "")),
    ],
)
def test_the_view_is_the_longest_whole_token_at_the_end(stem, views, expected):
    assert parse_stem(stem, views) == expected


@pytest.mark.parametrize("stem", ["mouse_cam11", "mousecam1", "cam1_mouse", "mouse_xcam1", "mouse_CAM1", ""])
def test_a_stem_that_does_not_end_in_a_view_is_an_error_that_names_the_views(stem):
    with pytest.raises(DataError, match="cam1, cam10"):
        parse_stem(stem, ["cam1", "cam10"])


@given(SESSION, VIEW, st.lists(VIEW, max_size=4), st.sampled_from("_-."))
def test_parsing_undoes_joining_unless_a_longer_view_ends_the_same(session, view, others, delimiter):
    stem = f"{session}{delimiter}{view}"
    longer = [other for other in others if len(other) > len(view) and stem.endswith(other)]
    assume(not longer)
    assert parse_stem(stem, [*others, view]) == (session, view)
    assert find_view(stem, [view]) == (session, view)


@given(SESSION, st.lists(VIEW, min_size=1, max_size=4))
def test_what_is_parsed_can_be_put_together_again(session, views):
    stem = f"{session}_{views[0]}"
    found, view = parse_stem(stem, views)
    assert view in views
    assert any(f"{found}{delimiter}{view}" == stem for delimiter in "_-.") or (found, view) == ("", stem)


@pytest.mark.parametrize(
    ("stem", "views", "expected"),
    [
        (
            "05272019_fly4_0_R1C24_Cam-A_rot-ccw-0.06_sec.rng=0",
            ["Cam-A", "Cam-B"],
            ("05272019_fly4_0_R1C24_rot-ccw-0.06_sec.rng=0", "Cam-A"),
        ),
        ("s_cam10_x", ["cam1", "cam10"], ("s_x", "cam10")),
        ("cam1_x", ["cam1"], ("x", "cam1")),
        ("cam1_a_cam1_b", ["cam1"], ("cam1_a_b", "cam1")),
        ("s_left_top_0", ["top", "left_top"], ("s_0", "left_top")),
        ("s_cam1", ["cam1"], ("s", "cam1")),
        ("s", [], ("s", "")),
    ],
)
def test_a_view_inside_a_stem_is_found_as_a_whole_token(stem, views, expected):
    assert find_view(stem, views) == expected


def test_a_view_that_is_only_part_of_a_token_is_not_found():
    with pytest.raises(DataError, match="none of the views cam1"):
        find_view("s_cam12_x", ["cam1"])


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("s1_cam1_rng=2", ("s1_cam1", 2)),
        ("s1.rng=10", ("s1", 10)),
        ("s1_seed3", ("s1", 3)),
        ("rng=1.bot", ("rng=1.bot", None)),
        ("string1", ("string1", None)),
    ],
)
def test_the_seed_is_taken_off_the_end(stem, expected):
    assert split_seed(stem) == expected


def test_sessions_are_complete_or_named_with_what_they_lack():
    views = ["side", "cam10", "cam1"]
    files = ["b_cam1.mp4", "a_cam10.mp4", "a_cam1.mp4", "a_side.mp4", "b_side.mp4"]
    groups = group_by_session(files, views)
    assert list(groups) == ["a", "b"]
    assert groups["a"] == {
        "side": Path("a_side.mp4"),
        "cam10": Path("a_cam10.mp4"),
        "cam1": Path("a_cam1.mp4"),
    }
    assert list(groups["a"]) == views
    assert missing_views(groups, views) == {"b": ("cam10",)}
    assert list(complete_sessions(groups, views)) == ["a"]


def test_a_single_view_needs_no_view_in_the_name():
    groups = group_by_session(["x.mp4", "y_cam1.mp4"], [])
    assert groups == {"x": {"": Path("x.mp4")}, "y_cam1": {"": Path("y_cam1.mp4")}}
    assert missing_views(groups, []) == {}


def test_files_that_cannot_be_sorted_are_all_named():
    files = ["v/a_cam1.mp4", "w/a_cam1.avi", "v/b_cam3.mp4", "v/c.mp4"]
    with pytest.raises(DataError) as caught:
        group_by_session(files, ["cam1", "cam2"])
    text = str(caught.value)
    assert "v/a_cam1.mp4 and w/a_cam1.avi are both session 'a', view 'cam1'" in text
    assert "b_cam3" in text
    assert "v/c.mp4" in text


@pytest.mark.parametrize(
    ("image", "frame"),
    [
        ("labeled-data/s1_cam1/img00000012.png", 12),
        ("labeled-data/2024-05-01_cam1/img00000000.jpg", 0),
        ("img07.png", 7),
        ("labeled-data/s/2024_0003.png", 3),
        ("labeled-data\\s\\img0044.png", 44),
    ],
)
def test_the_frame_number_is_the_last_number_of_the_name(image, frame):
    assert frame_index(image) == frame


def test_an_image_without_a_number_is_an_error():
    with pytest.raises(DataError, match="no frame number"):
        frame_index("labeled-data/s1_cam1/first.png")


@pytest.mark.parametrize(
    ("image", "view", "session"),
    [
        ("labeled-data/balancing_cam1/img00000000.jpg", "cam1", "balancing"),
        ("labeled-data/balancing_cam10/img00000000.jpg", "cam1", "balancing_cam10"),
        ("labeled-data/mouse/s1/cam1/img0.png", "cam1", "mouse/s1"),
        ("labeled-data/s1/img0.png", "", "s1"),
        ("labeled-data/img01.png", "", ""),
        ("frames/s1_cam1/img0.png", "cam1", "s1"),
        ("img0.png", "cam1", ""),
        ("labeled-data\\s1_cam1\\img0.png", "cam1", "s1"),
    ],
)
def test_the_session_of_an_image_is_its_folder_without_the_view(image, view, session):
    assert image_session(image, view) == session


def test_an_image_is_located_by_its_folder():
    views = ["cam1", "cam10"]
    assert locate_image("labeled-data/s_2_cam10/img00000033.png", views) == ImageLocation("s_2", "cam10", 33)
    assert locate_image("labeled-data/s_2/img00000033.png", []) == ImageLocation("s_2", "", 33)
    with pytest.raises(DataError, match="no view's folder"):
        locate_image("labeled-data/s_2/img00000033.png", views)


@given(
    st.text("ab1_", min_size=1).filter(lambda s: s.strip("_")),
    st.sampled_from(["", "c1"]),
    st.integers(0, 10**9),
)
def test_the_name_of_an_image_locates_it(session, view, frame):
    views = [view] if view else []
    assert locate_image(image_name(session, view, frame), views) == ImageLocation(session, view, frame)


def test_an_image_named_on_windows_is_found(tmp_path):
    assert image_file(tmp_path, "labeled-data\\s\\img0.png") == tmp_path / "labeled-data" / "s" / "img0.png"


@pytest.mark.parametrize(
    ("image", "offset", "expected"),
    [
        ("labeled-data/s1_cam2/img00000123.png", 2, "labeled-data/s1_cam2/img00000125.png"),
        ("labeled-data/s1/img00000099.jpg", 1, "labeled-data/s1/img00000100.jpg"),
        ("s1/img99.png", 1, "s1/img100.png"),
        ("labeled-data\\s1\\img0100.png", -1, "labeled-data\\s1\\img0099.png"),
        ("7/7_img07_x.png", -7, "7/7_img00_x.png"),
        ("img00000001.png", -2, None),
    ],
)
def test_a_frame_some_time_later_has_the_same_name_with_another_number(image, offset, expected):
    assert image_at(image, offset) == expected


def test_what_is_missing_around_an_image_is_replaced_by_the_nearest_towards_it():
    def names(*numbers: int) -> list[str]:
        return [f"s/img{number:04d}.png" for number in numbers]

    def around(number: int, there: set[int]) -> list[str]:
        return context_images(*names(number), 2, lambda image: frame_index(image) in there)

    assert around(5, {3, 4, 5, 6, 7}) == names(3, 4, 5, 6, 7)
    assert around(0, {0, 1, 2}) == names(0, 0, 0, 1, 2)
    assert around(5, {4, 5, 6}) == names(4, 4, 5, 6, 6)
    assert around(5, {3, 5, 7}) == names(3, 5, 5, 5, 7)
    assert around(5, set()) == names(5, 5, 5, 5, 5)
    assert context_images("a.png", 0, lambda image: True) == ["a.png"]


@given(st.lists(st.sampled_from(["labeled-data", "s1_top", "top", "..", ".", ""]), max_size=5))
def test_the_folders_of_an_image_are_those_that_pathlib_sees(folders):
    image = "/".join([*folders, "img1.png"])
    parts = [part for part in PurePosixPath(image).parts[:-1] if part.strip("/")]
    below = parts[parts.index("labeled-data") + 1 :] if "labeled-data" in parts else parts[-1:]
    assert image_session(image) == image_session(image.replace("/", "\\")) == "/".join(below)
