"""How far a program is, written seldom and read at any time."""

from lightning_pose.core.progress_file import EVERY, Progress, ProgressFile, read_progress


def test_the_end_and_something_new_are_written_at_once_the_rest_seldom(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    path = tmp_path / "progress.json"
    file = ProgressFile(path)
    seen = []
    for completed, what, wait in (
        (1, "a", 0), (2, "a", 0), (3, "a", EVERY), (3, "b", 0), (4, "b", 0), (9, "b", 0),
    ):  # fmt: skip
        now[0] += wait
        file.tell(completed, 9, what)
        found = read_progress(path)
        seen.append(found and found._replace(left=None))
    first, third, other, end = (
        Progress(1, 9, "a"),
        Progress(3, 9, "a"),
        Progress(3, 9, "b"),
        Progress(9, 9, "b"),
    )
    assert seen == [first, first, third, other, other, end]


def test_the_time_that_is_left_follows_from_the_rate_since_it_began(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    path = tmp_path / "progress.json"
    file = ProgressFile(path)
    left = []
    told = ((100, "steps", 1), (120, "steps", 11), (400, "steps", 151), (0, "b", 160))
    for completed, what, seconds in told:  # 100 of 400 were done before it was resumed; then two a second
        now[0] = seconds
        file.tell(completed, 400, what)
        found = read_progress(path)
        left.append(found and found.left)
    assert left == [None, 140.0, 0.0, None]


def test_what_cannot_be_read_is_no_progress(tmp_path):
    assert read_progress(tmp_path / "none.json") is None
    for text in ("", "[]", "null", '{"completed": 1}', '{"completed": "x", "total": 1}'):
        (tmp_path / "bad.json").write_text(text)
        assert read_progress(tmp_path / "bad.json") is None


def test_without_a_file_nothing_happens():
    ProgressFile(None).tell(1, 2, "a")


def test_what_is_in_work_is_told_with_the_share_that_is_done(tmp_path):
    ProgressFile(tmp_path / "p.json").tell(1, 4, "frames", {"s1": 0.25, "s 2": 1.0})
    assert read_progress(tmp_path / "p.json") == Progress(1, 4, "frames", None, (("s1", 0.25), ("s 2", 1.0)))
