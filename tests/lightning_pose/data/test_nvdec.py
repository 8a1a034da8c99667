"""A stand-in for torchcodec decodes on the CPU: whose frames are used, and when they are not trusted."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from lightning_pose.core.packet_table import read_packet_table
from lightning_pose.core.video import VideoReader, VideoWriter
from lightning_pose.data import nvdec
from lightning_pose.data.nvdec import NvdecReader, match, open_reader, open_streams

N = 70  # more than are asked for at once


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "v.mp4"
    with VideoWriter(path, 64, 48, 30, crf=5) as writer:
        for number in range(N):
            writer.write(np.full((48, 64, 3), 20 + 3 * number, np.uint8))
    return path


class Decoder:
    """What torchcodec's decoder does, with PyAV; `late` shifts the stamps from a frame on, `broken` fails."""

    late: int | None = None
    broken: int | None = None
    count = N

    def __init__(self, path: str, *, dimension_order: str, device: str) -> None:
        assert (dimension_order, device) == ("NHWC", "cuda")
        self._path, table = path, read_packet_table(path)
        self._seconds = table.pts * float(table.time_base)

    def __len__(self) -> int:
        return self.count

    def get_frames_in_range(self, start: int, stop: int) -> SimpleNamespace:
        if self.broken is not None and stop > self.broken:
            raise RuntimeError("the engine is out of order")
        with VideoReader(self._path) as reader:
            data = torch.from_numpy(np.stack([255 - reader[i] for i in range(start, stop)]))
        seconds = torch.from_numpy(self._seconds[start:stop]).clone()
        if self.late is not None:
            seconds[torch.arange(start, stop) >= self.late] += 1 / 30
        return SimpleNamespace(data=data, pts_seconds=seconds)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> type[Decoder]:
    """The stand-in: its frames are negatives, so that it can be told whose a frame is."""

    class Mine(Decoder):
        pass

    package, module = ModuleType("torchcodec"), ModuleType("torchcodec.decoders")
    module.VideoDecoder = Mine  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchcodec", package)
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", module)
    move = torch.Tensor.to
    monkeypatch.setattr(
        torch.Tensor, "to", lambda self, where, *a: self if str(where) == "cuda" else move(self, where, *a)
    )
    return Mine


def levels(frames: list) -> np.ndarray:
    return np.array([float(np.asarray(frame).mean()) for frame in frames])


TRUTH = 20.0 + 3 * np.arange(N)


@pytest.mark.parametrize("size", [None, (32, 24)])
@pytest.mark.parametrize("start", [0, 33])
def test_frames_of_the_engine_come_in_order(
    film: Path, engine: type[Decoder], size: tuple[int, int] | None, start: int
) -> None:
    reader, reason = open_reader(film, size, "cuda")
    assert isinstance(reader, NvdecReader) and reason is None
    with reader:
        assert len(reader) == reader.info.n_frames == N
        found = list(reader.stream(start))
    assert all(frame is not None and frame.shape[:2] == (size or (64, 48))[::-1] for frame in found)
    np.testing.assert_allclose(levels(found), 255 - TRUTH[start:], atol=2)


def test_frames_come_into_the_processors_memory_for_who_wants_them_there(
    film: Path, engine: type[Decoder]
) -> None:
    streams, reason = open_streams(film, (32, 24), "cuda")
    assert reason is None
    with streams as opened:
        found = list(opened.stream(60))
    assert all(isinstance(frame, np.ndarray) and frame.shape == (24, 32, 3) for frame in found)
    np.testing.assert_allclose(levels(found), 255 - TRUTH[60:], atol=2)
    engine.broken = 0
    streams, reason = open_streams(film, (32, 24), "cuda")
    assert "out of order" in str(reason)
    np.testing.assert_allclose(levels(list(streams.stream())), TRUTH, atol=2)


@pytest.mark.parametrize("fault", ["late", "broken"])
def test_from_a_frame_on_that_is_not_the_expected_one_frames_come_from_pyav(
    film: Path, engine: type[Decoder], fault: str
) -> None:
    setattr(engine, fault, 40)
    reader, reason = open_reader(film, None, "cuda")
    assert reason is None
    found = levels(list(reader.stream()))
    np.testing.assert_allclose(found[: nvdec.AT_ONCE], 255 - TRUTH[: nvdec.AT_ONCE], atol=2)
    np.testing.assert_allclose(found[nvdec.AT_ONCE :], TRUTH[nvdec.AT_ONCE :], atol=2)


def test_what_the_engine_cannot_do_is_left_to_pyav_with_the_reason(
    film: Path, engine: type[Decoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, reason = open_reader(film, None, "cpu")
    assert isinstance(reader, VideoReader) and reason == "the device is cpu"
    np.testing.assert_allclose(levels(list(reader.stream())), TRUTH, atol=2)
    engine.count = N - 1
    assert open_reader(film, None, "cuda").reason == f"torchcodec counts {N - 1} frames of {N}"
    engine.count, engine.late = N, 0
    assert "others than those of the file" in str(open_reader(film, None, "cuda").reason)
    engine.broken = 0
    assert "the GPU cannot decode h264 (the engine is out of order)" in str(
        open_reader(film, None, "cuda").reason
    )
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", None)
    assert "torchcodec cannot be used" in str(open_reader(film, None, "cuda").reason)


def test_a_video_that_is_not_whole_is_not_for_the_engine(
    film: Path, tmp_path: Path, engine: type[Decoder]
) -> None:
    cut = tmp_path / "cut.mp4"
    content = film.read_bytes()
    cut.write_bytes(content[: int(len(content) * 0.8)])
    reader, reason = open_reader(cut, None, "cuda")
    assert "not whole" in str(reason)
    assert list(reader.stream())[-1] is None


def test_stamps_match_to_half_a_unit(film: Path) -> None:
    table = read_packet_table(film)
    unit, seconds = float(table.time_base), table.pts * float(table.time_base)
    assert match(table, range(5, 9), seconds[5:9] + 0.4 * unit)
    assert not match(table, range(5, 9), seconds[5:9] + 0.6 * unit)
    assert not match(table, range(5, 9), seconds[6:10])
    assert not match(table, range(5, 9), seconds[5:8])
