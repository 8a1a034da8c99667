"""Stretches of video whose frames carry their number as brightness: which ones come, and in which order."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_pose.core import camera as cameras
from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.decoding import Decoder
from lightning_pose.core.errors import DataError
from lightning_pose.core.sessions import read_sessions
from lightning_pose.core.video import VideoWriter
from lightning_pose.data.batch import UnlabeledBatch
from lightning_pose.data.clips import ClipLoader, ClipOptions, Clips, Source

VIEWS = {"left": (64, 48), "right": (48, 80)}  # width, height
SIZE = (32, 32)


def brightness(number: int, view: str) -> int:
    return 20 + 4 * number + (2 if view == "right" else 0)


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., list[Source]]:
    """Write sessions of the given lengths, all views of each, and return them."""

    def write(*, rig: Rig | None = None, **lengths: int) -> list[Source]:
        for name, count in lengths.items():
            for view, (width, height) in VIEWS.items():
                path = tmp_path / f"{name}_{view}.mp4"
                with VideoWriter(path, width, height, 30, key_every=8, crf=1) as out:
                    for number in range(count):
                        out.write(np.full((height, width, 3), brightness(number, view), np.uint8))
        found = read_sessions(tmp_path, tuple(VIEWS))
        return [Source(session, rig if session.name == "calibrated" else None) for session in found]

    return write


def numbers_of(batch: UnlabeledBatch) -> np.ndarray:
    """Return the number of every frame "B *F", the same in both views."""
    mean = batch["images"].double().mean(dim=(-3, -2, -1)).numpy()
    found = [np.rint((mean[:, v] - brightness(0, view)) / 4).astype(int) for v, view in enumerate(VIEWS)]
    for v, view in enumerate(VIEWS):
        np.testing.assert_allclose(mean[:, v], brightness(0, view) + 4 * found[v], atol=1.9)
    np.testing.assert_array_equal(*found)
    return found[0]


@pytest.fixture
def rig() -> Rig:
    both = [make_camera(np.diag([90.0, 80, 1]), [-0.1] * 4, np.eye(3), [shift, 0, 5]) for shift in (0, 1)]
    camera = Camera(*(np.stack(field) for field in zip(*both, strict=True)))
    return Rig(tuple(VIEWS), np.array(list(VIEWS.values())), camera, unit="cm")


def test_a_stretch_is_consecutive_frames_of_all_views_in_lockstep(film):
    clips = Clips(film(a=30), SIZE, ClipOptions(length=6, per_batch=2))
    for place in range(5):
        batch = clips[place]
        starts = [start for _, start in clips.choose(place)]
        expected = np.concatenate([np.arange(start, start + 6) for start in starts])
        np.testing.assert_array_equal(numbers_of(batch), expected)
        assert batch["clip"].tolist() == [0] * 6 + [1] * 6
        assert batch["images"].shape == (12, 2, *SIZE, 3)
        assert batch["native_size"].tolist() == [[list(size) for size in VIEWS.values()]] * 12


def test_neighbours_come_along_and_the_ends_of_a_video_are_repeated(film):
    clips = Clips(film(a=9), SIZE, ClipOptions(length=8, context=2))
    starts = set()
    for place in range(6):
        ((_, start),) = clips.choose(place)
        starts.add(start)
        around = np.arange(start, start + 8)[:, None] + np.arange(-2, 3)
        np.testing.assert_array_equal(numbers_of(clips[place]), around.clip(0, 8))
    assert starts == {0, 1}


def test_every_stretch_of_every_session_is_equally_likely(film):
    clips = Clips(film(a=10, b=6), SIZE, ClipOptions(length=5, per_batch=4, seed=3))
    drawn = [pair for place in range(2000) for pair in clips.choose(place)]
    pairs, counts = np.unique(drawn, axis=0, return_counts=True)
    assert pairs.tolist() == [[0, start] for start in range(6)] + [[1, 0], [1, 1]]
    np.testing.assert_allclose(counts, 1000, rtol=0.12)


def test_the_choice_depends_on_seed_and_place_alone(film):
    sources = film(a=40)
    first, again, other = (Clips(sources, SIZE, ClipOptions(4, 2, seed=seed)) for seed in (1, 1, -2))
    assert [first.choose(place) for place in range(9)] == [again.choose(place) for place in range(9)]
    assert [first.choose(place) for place in range(9)] != [other.choose(place) for place in range(9)]


def test_cameras_of_calibrated_sessions_come_at_the_size_of_the_images(film, rig):
    clips = Clips(film(rig=rig, bare=8, calibrated=8), SIZE, ClipOptions(4, per_batch=6))
    batch = clips[0]
    calibrated = [number == 1 for number, _ in clips.choose(0)]
    assert any(calibrated) and not all(calibrated)
    camera = batch["camera"]
    points = torch.tensor([[0.3, -0.4, 2.0], [-0.5, 0.1, 3.0]])
    for clip, known in enumerate(calibrated):
        own = Camera(*(field[clip * 4 + 3] for field in camera))
        if not known:
            assert torch.isnan(own.matrix).all()
            continue
        found = cameras.project_views(points.double(), own)
        native = cameras.project_views(points.double().numpy(), rig.camera)
        for v, size in enumerate(VIEWS.values()):
            expected = (native[v] + 0.5) * (np.array(SIZE[::-1]) / size) - 0.5
            np.testing.assert_allclose(found[v], expected, atol=1e-9)


def test_without_any_calibration_there_is_no_camera(film):
    assert "camera" not in Clips(film(a=4), SIZE, ClipOptions(4))[0]


def test_sessions_that_are_too_short_are_named(film):
    sources = film(a=5, long=9, b=4)
    with pytest.raises(DataError, match=r"clip_length=6(.|\n)*'a' has 5(.|\n)*'b' has 4"):
        Clips(sources, SIZE, ClipOptions(length=6))
    assert len(Clips(sources, SIZE, ClipOptions(length=4))[0]["clip"]) == 4


def test_a_stretch_is_decoded_from_the_key_frame_before_it(film, monkeypatch):
    clips = Clips(film(a=50), SIZE, ClipOptions(length=3))
    decoded = []
    decode = Decoder._decode
    monkeypatch.setattr(Decoder, "_decode", lambda self: decoded.append(self.next) or decode(self))
    place = next(place for place in range(99) if clips.choose(place)[0][1] > 24)
    clips[place]
    ((_, start),) = clips.choose(place)
    assert min(decoded) == start // 8 * 8
    assert max(decoded) == start + 2


def epochs(loader: ClipLoader, which: range) -> Iterator[list[int]]:
    for epoch in which:
        loader.set_epoch(epoch)
        yield [int(number) for batch in loader for number in numbers_of(batch)[:1]]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_resumed_run_sees_what_the_other_would_have_seen(num_workers: int, film):
    clips = Clips(film(a=50), SIZE, ClipOptions(length=2))
    expected = [clips.choose(place)[0][1] for place in range(12)]
    state = torch.random.get_rng_state()
    whole = ClipLoader(clips, 3, num_workers=num_workers)
    found = list(epochs(whole, range(4)))
    assert sum(found, []) == expected  # noqa: RUF017
    resumed = ClipLoader(clips, 3, num_workers=num_workers)
    assert list(epochs(resumed, range(2, 4))) == found[2:]
    assert torch.equal(torch.random.get_rng_state(), state)
    whole.close()
    resumed.close()


def test_decoding_ahead_goes_on_from_epoch_to_epoch_also_after_a_cut_one(film):
    loader = ClipLoader(Clips(film(a=50), SIZE, ClipOptions(length=2)), 4)
    (first,) = epochs(loader, range(1))
    stream = loader._stream
    list(epochs(loader, range(1, 3)))
    assert loader._stream is stream
    loader.set_epoch(3)
    next(iter(loader))
    loader.set_epoch(0)
    assert int(numbers_of(next(iter(loader)))[0]) == first[0]


def test_processes_that_train_together_share_the_places(film):
    clips = Clips(film(a=50), SIZE, ClipOptions(length=2))
    alone = [number for epoch in epochs(ClipLoader(clips, 6), range(2)) for number in epoch]
    shares = [
        [number for epoch in epochs(ClipLoader(clips, 3, rank=rank, world=2), range(2)) for number in epoch]
        for rank in range(2)
    ]
    assert shares == [alone[::2], alone[1::2]]
