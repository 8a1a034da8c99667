from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import ConfigError, DataError
from lightning_pose.data.split import SplitRule, parse_frames, read_split, split, split_sizes, write_split


def images(n: int, sessions: int = 1, view: str = "cam1") -> list[str]:
    return [f"labeled-data/s{row % sessions}_{view}/img{row:08d}.png" for row in range(n)]


def rows(sets: np.ndarray, name: str) -> list[int]:
    return np.flatnonzero(sets == name).tolist()


@pytest.mark.parametrize(
    ("n", "train", "val", "expected"),
    [
        (100, 0.8, 0.1, (80, 10, 10)),
        (100, 0.7, 0.15, (70, 15, 15)),
        (101, 0.7, 0.15, (70, 15, 16)),
        (10, 0.95, 0.05, (9, 1, 0)),
    ],
)
def test_sizes_are_those_of_lightning_pose(n, train, val, expected):
    assert split_sizes(n, train, val) == expected


def test_one_instant_cannot_be_split():
    with pytest.raises(DataError, match="two labeled instants"):
        split([images(1)], ["cam1"], SplitRule())


def test_block_holds_out_neighbours_in_time_of_every_session():
    frames = images(60, sessions=3)
    order = np.random.default_rng(0).permutation(60)
    sets = split([[frames[i] for i in order]], ["cam1"], SplitRule("block", 0.7, 0.15))
    by_frame = dict(zip(order.tolist(), sets.tolist(), strict=True))
    for session in range(3):
        course = [by_frame[frame] for frame in range(session, 60, 3)]
        assert course.count("validation") == course.count("test") == 3
        first = course.index("validation")
        assert course[first : first + 6] == ["validation"] * 3 + ["test"] * 3


def test_stratified_takes_from_every_session_its_share_at_even_distances():
    frames = [
        f"labeled-data/s{session}_cam1/img{row:08d}.png"
        for session, n in enumerate((20, 40, 60))
        for row in range(n)
    ]
    order = np.random.default_rng(1).permutation(120)
    sets = split([[frames[i] for i in order]], ["cam1"], SplitRule("stratified", 0.7, 0.2, seed=4))
    by_frame = np.empty(120, dtype=object)
    by_frame[order] = sets
    for course, n in zip(np.split(by_frame, [20, 60]), (20, 40, 60), strict=True):
        counts = {name: (course == name).sum() for name in ("train", "validation", "test")}
        assert counts == {"train": 0.7 * n, "validation": 0.2 * n, "test": 0.1 * n}
        gaps = np.diff(np.flatnonzero(course != "train"))
        assert set(gaps) <= {3, 4}  # 10 / 3
        assert set(np.diff(np.flatnonzero(course == "test"))) <= {9, 10, 11}


def test_stratified_depends_on_its_seed_alone():
    a, b, c = (split([images(50)], ["cam1"], SplitRule("stratified", seed=s)) for s in (0, 0, 1))
    assert (a == b).all()
    assert (a != c).any()


def test_sessions_stay_whole():
    frames = images(80, sessions=8)
    sets = split([frames], ["cam1"], SplitRule("auto", 0.7, 0.2, seed=3))
    of_session = [{sets[row] for row in range(session, 80, 8)} for session in range(8)]
    assert all(len(found) == 1 for found in of_session)
    assert len(rows(sets, "validation")) == 20
    assert rows(sets, "train")


def test_random_split_depends_on_its_seed_alone():
    a, b, c = (split([images(50)], ["cam1"], SplitRule("random", seed=s)) for s in (0, 0, 1))
    assert (a == b).all()
    assert (a != c).any()


@pytest.mark.parametrize(("wanted", "count"), [(1, 10), (11, 10), (5, 5), (0.5, 5), (0.2, 2)])
def test_train_frames_is_a_share_up_to_one_and_a_count_above(wanted, count):
    """The values of Lightning Pose's own tests, of ten frames that train."""
    rule = SplitRule("random", train_prob=10 / 11, val_prob=1 / 11, train_frames=wanted)
    sets = split([images(11)], ["cam1"], rule)
    assert len(rows(sets, "train")) == count
    assert len(rows(sets, "unused")) == 10 - count


def test_fewer_training_frames_are_among_the_more():
    few, many = (rows(split([images(100)], ["cam1"], SplitRule(train_frames=n)), "train") for n in (10, 40))
    assert set(few) <= set(many)


def test_named_frames_are_held_out():
    rule = SplitRule(val_frames="20-24", test_frames=[3, 55])
    sets = split([images(60)], ["cam1"], rule)
    assert rows(sets, "validation") == list(range(20, 25))
    assert rows(sets, "test") == [3, 55]
    assert len(rows(sets, "train")) == 53
    only_test = split([images(60)], ["cam1"], SplitRule(test_frames="40-59"))
    assert rows(only_test, "test") == list(range(40, 60))
    assert len(rows(only_test, "validation")) == 4


def test_frames_that_nobody_labeled_are_refused():
    with pytest.raises(ConfigError, match="has the number 60, 61"):
        split([images(60)], ["cam1"], SplitRule(val_frames="50-99"))
    with pytest.raises(ConfigError, match="55-69,80"):
        parse_frames("a-b")


def test_a_split_file_is_read_back_and_decides(tmp_path: Path):
    one, two = images(6), images(6, view="cam2")
    path = tmp_path / "split.csv"
    wanted = ["train", "test", "train", "unused", "validation", "train"]
    write_split(path, two, wanted)
    assert read_split(path) == dict(zip(two, wanted, strict=True))
    assert split([one, two], ["cam1", "cam2"], SplitRule(file=path)).tolist() == wanted
    path.write_text("frame,set\n0,train\n3,validation\n")
    sets = split([one, two], ["cam1", "cam2"], SplitRule(file=path))
    assert sets.tolist() == ["train", "unused", "unused", "validation", "unused", "unused"]


def test_every_fault_of_a_split_file_is_reported(tmp_path: Path):
    path = tmp_path / "split.csv"
    path.write_text("frame,set\n0,train\n0,test\n1,learn\n")
    with pytest.raises(DataError, match=r"(?s)line 3: 0 is there twice.*line 4.*1,learn"):
        read_split(path)
    path.write_text("frame,set\n0,train\n77,test\n")
    with pytest.raises(DataError, match="77 is not a labeled frame"):
        split([images(6)], ["cam1"], SplitRule(file=path))
