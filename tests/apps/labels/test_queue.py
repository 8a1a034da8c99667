"""The labeling queue: who wanted what labeled, until it is."""

import pytest

from apps.labels import LabelStore
from lightning_pose.core.errors import DataError

from .conftest import NAMES, save


def queued(store):
    return store.frames().queued


def test_a_frame_waits_until_all_its_keypoints_are_labeled_or_marked(store, change):
    frame = store.frames().id[1]  # without any label
    store.queue.add({frame: "nose jumps"}, source="m · seed 1", who="Ada")
    assert queued(store) == [False, True, False, False]
    cells = [(view, name) for view in ("cam1", "cam2") for name in NAMES]
    for view, name in cells[:-1]:
        save(store, change(1, view, name, 1.0, 2.0))
        assert queued(store)[1]
    save(store, change(1, *cells[-1], state="absent"))
    assert not queued(store)[1]
    (last,) = (one for one in store.changes(0) if one.cell.state == "absent")
    save(store, change(1, *cells[-1], base=last.rev))  # taken back: it waits again
    assert queued(store)[1]


def test_who_wanted_it_when_why_and_by_whose_predictions_is_kept(store):
    first, second = store.frames().id[:2]
    assert store.queue.entry(first) is None and store.queue.source(first) == ""
    before = store.rev
    store.queue.add({first: "nose jumps", second: ""}, source="m", who="Ada")
    store.queue.add({first: "again"}, source="n", who="Ben")
    assert store.queue.remove([first], who="Cy") == store.rev == before + 4
    kept = [(one.queued, one.source, one.reason, one.who) for one in store.queue.history(first)]
    assert kept == [(True, "m", "nose jumps", "Ada"), (True, "n", "again", "Ben"), (False, "", "", "Cy")]
    assert queued(store)[:2] == [False, True]
    assert store.queue.source(first) == "n"  # its proposals stay those it was found by
    assert store.queue.entry(first).at >= store.queue.history(first)[0].at


def test_of_several_frames_none_is_put_in_where_one_is_none(store):
    with pytest.raises(DataError, match="no frame nothing"):
        store.queue.add({store.frames().id[0]: "", "nothing": ""}, source="", who="Ada")
    assert not any(queued(store))
    assert store.queue.entry(store.frames().id[0]) is None


def test_it_outlives_the_program_and_a_second_one_cannot_change_it(two_views):
    with LabelStore.open(two_views) as store:
        frame = store.frames().id[2]
        store.queue.add({frame: "why"}, source="m", who="Ada")
        with LabelStore.open(two_views, read_only=True) as reader:
            assert queued(reader)[2]
            with pytest.raises(DataError, match="reading only"):
                reader.queue.remove([frame], who="Ben")
    with LabelStore.open(two_views) as store:
        assert [entry[:4] for entry in store.queue.history(frame)] == [(True, "m", "why", "Ada")]


def test_what_became_of_frames_is_told_from_any_revision_on(store, change):
    one, two, three, _ = store.frames().id
    assert store.frame_news(store.rev) == ({}, [], False)
    start = store.rev
    store.annotate(one, flagged=True, who="Ada")
    store.queue.add({two: ""}, source="", who="Ada")
    middle = store.rev
    save(store, change(2, "cam1", "nose", 3.0, 4.0))
    news = store.frame_news(start)
    assert set(news.rows) == {one, two, three} and set(news.remarked) == {one, two} and not news.listed
    table = store.frames()
    for row, frame in enumerate((one, two, three)):
        assert news.rows[frame] == tuple(column[row] for column in table)
    assert set(store.frame_news(middle).rows) == {three}
    store.add_frames([{view: f"labeled-data/s1_{view}/img00000099.png" for view in ("cam1", "cam2")}])
    assert store.frame_news(middle).listed and not store.frame_news(store.rev).listed
