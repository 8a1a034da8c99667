"""Frames with motion that look different, of all views, and the same ones again."""

import tracemalloc

from lightning_pose.core.sessions import check_session
from lightning_pose.frames import kmeans
from lightning_pose.frames.kmeans import choose_by_kmeans


def session(project):
    return check_session("s1", project.videos()["s1"], project.views)


def test_frames_in_which_nothing_moves_are_not_chosen(filmed):
    chosen = choose_by_kmeans(session(filmed()), 6)
    assert len(chosen) == 6 and min(chosen) >= 30
    assert chosen == sorted(set(chosen))


def test_what_moves_in_one_view_alone_counts(filmed):
    both = session(filmed())
    turned = both._replace(videos=dict(reversed(both.videos.items())))
    still = choose_by_kmeans(both, 8)
    assert len(still) == len(choose_by_kmeans(turned, 8)) == 8


def test_the_same_seed_chooses_the_same_frames(filmed):
    found = session(filmed(frames=200))
    first, again, other = (choose_by_kmeans(found, 12, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_frames_that_are_taken_and_edges_are_left_out(filmed):
    found = session(filmed())
    taken = choose_by_kmeans(found, 5)
    further = choose_by_kmeans(found, 5, taken=taken, apart=3, edge=4)
    assert all(abs(a - b) >= 3 for a in further for b in taken) and max(further) < 56
    assert choose_by_kmeans(found, 5, taken=range(60)) == []


def test_of_a_long_session_two_frames_of_every_stretch_are_decoded(filmed, monkeypatch):
    found = session(filmed(frames=450, size=(32, 32)))  # a key frame every 30 frames
    looked = kmeans._looked_at(found, 10)
    firsts = [30 * (-(-45 * i // 30)) for i in range(10)]
    # where the square begins to move, the encoder sets further key frames
    assert [n for n in looked if n < 225] == [first + step for first in firsts[:5] for step in (0, 1)]
    assert len(looked) == 20 and all(a + 1 == b for a, b in zip(looked[::2], looked[1::2], strict=True))
    assert list(kmeans._looked_at(found, 45)) == list(range(450))
    fine = kmeans._looked_at(found, 44)  # most of these stretches hold no key frame
    assert len(fine) == 88 and sum(frame % 30 == 0 for frame in fine) >= 7
    monkeypatch.setattr(kmeans, "STRETCHES", 12)
    seen = []
    chosen = choose_by_kmeans(found, 3, progress=seen.append)
    assert sum(seen) == 450 and all(frame >= 225 for frame in chosen)


def test_memory_holds_one_picture_per_stretch(filmed, monkeypatch):
    monkeypatch.setattr(kmeans, "STRETCHES", 10)
    found = session(filmed(frames=600, size=(32, 32)))
    kept = []
    components = kmeans._components
    monkeypatch.setattr(
        kmeans, "_components", lambda pictures: kept.append(len(pictures)) or components(pictures)
    )
    tracemalloc.start()
    chosen = choose_by_kmeans(found, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 600 frames of 2 views would be 1.2 MB; STRETCHES or four per frame wanted is what is kept
    assert len(chosen) == 3 and kept == [6] and peak < 600_000
