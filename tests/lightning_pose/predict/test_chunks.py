"""What a file of chunks gives back after kills, full disks and changes of mind."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.predict.chunks import Chunks, Shape
from lightning_pose.predict.tracks import Block

SHAPE = Shape(members=2, views=3, keypoints=4)
IDENTITY = {"checkpoint": {"rng=0": [12, 34]}, "video": ["a.mp4", 7]}


def whole(count: int = 20) -> Block:
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 500, (2, 3, count, 4, 2)).astype(np.float32)
    xy[:, 1, 5] = np.nan
    return Block(0, xy, rng.uniform(size=xy.shape[:-1]).astype(np.float32))


def part(block: Block, start: int, stop: int) -> Block:
    return Block(start, block.xy[:, :, start:stop], block.confidence[:, :, start:stop])


def fill(path: Path, stops: tuple[int, ...] = (8, 16, 20)) -> Block:
    block = whole()
    with Chunks(path, IDENTITY, SHAPE) as chunks:
        for stop in stops:
            if stop > chunks.stop:
                chunks.append(part(block, chunks.stop, stop))
    return block


def read(path: Path, rows: int = 7) -> tuple[list[Block], Chunks]:
    with Chunks(path, IDENTITY, SHAPE) as chunks:
        return list(chunks.blocks(rows)), chunks


def test_blocks_come_back_in_blocks_of_any_length(tmp_path: Path) -> None:
    block = fill(tmp_path / "s.partial")
    blocks, chunks = read(tmp_path / "s.partial")
    assert [(b.start, b.stop) for b in blocks] == [(0, 7), (7, 14), (14, 20)]
    assert chunks.stop == 20 and not chunks.refused
    np.testing.assert_array_equal(np.concatenate([b.xy for b in blocks], axis=2), block.xy)
    np.testing.assert_array_equal(np.concatenate([b.confidence for b in blocks], axis=2), block.confidence)


def test_a_file_cut_anywhere_goes_on_after_its_last_whole_block(tmp_path: Path) -> None:
    path = tmp_path / "s.partial"
    block = fill(path)
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    row = 2 * 3 * 4 * 3 * 4
    ends = [first, first + 20 + 8 * row, first + 40 + 16 * row, first + 60 + 20 * row]
    assert len(data) == ends[-1]
    for cut in (first, first + 11, ends[1] - 1, ends[1], ends[1] + 7, ends[2] + 100, ends[3]):
        path.write_bytes(data[:cut])
        _, chunks = read(path)
        there = sum(cut >= end for end in ends[1:])
        assert chunks.stop == (0, 8, 16, 20)[there]
        assert path.stat().st_size == ends[there]
        fill(path)
        np.testing.assert_array_equal(read(path, 100)[0][0].xy, block.xy)


def test_zeros_at_the_end_as_a_crash_of_the_machine_leaves_them_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "s.partial"
    fill(path, (8,))
    whole_size = path.stat().st_size
    with path.open("ab") as file:
        file.write(bytes(5000))
    _, chunks = read(path)
    assert chunks.stop == 8 and path.stat().st_size == whole_size


def test_a_flipped_bit_costs_its_block_and_those_after_it(tmp_path: Path) -> None:
    path = tmp_path / "s.partial"
    fill(path)
    data = bytearray(path.read_bytes())
    data[data.index(b"\n") + 1 + 20 + 8 * 288 + 300] ^= 1
    path.write_bytes(data)
    assert read(path)[1].stop == 8


@pytest.mark.parametrize(
    ("identity", "reason"),
    [
        ({**IDENTITY, "video": ["a.mp4", 8]}, "it is of another video"),
        ({**IDENTITY, "checkpoint": {}, "video": []}, "it is of another checkpoint, another video"),
        ({**IDENTITY, "precision": "bf16"}, "it is of another precision"),
    ],
)
def test_what_is_of_something_else_is_begun_anew_and_said(
    tmp_path: Path, identity: dict[str, object], reason: str
) -> None:
    path = tmp_path / "s.partial"
    fill(path)
    with Chunks(path, identity, SHAPE) as chunks:
        assert chunks.refused == reason
        assert chunks.stop == 0 and not list(chunks.blocks(5))
        chunks.append(part(whole(), 0, 3))
    with Chunks(path, identity, SHAPE) as chunks:
        assert (chunks.stop, chunks.refused) == (3, "")


def test_what_is_no_such_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "s.partial"
    for text, reason in ((b"", ""), (b"hello", "it is damaged"), (b'{"format": "x"}\n', "another version")):
        path.write_bytes(text)
        assert reason in read(path)[1].refused


def test_two_runs_do_not_write_the_same_session(tmp_path: Path) -> None:
    path = tmp_path / "s.partial"
    with Chunks(path, IDENTITY, SHAPE), pytest.raises(DataError, match="written by another run"):
        Chunks(path, IDENTITY, SHAPE).__enter__()


def test_what_another_run_is_writing_is_not_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "s.partial"
    fill(path, (8,))
    with Chunks(path, IDENTITY, SHAPE) as first:
        with pytest.raises(DataError, match="written by another run"):
            Chunks(path, IDENTITY, SHAPE, anew=True).__enter__()
        first.append(part(whole(), 8, 16))
    assert read(path)[1].stop == 16
    with Chunks(path, IDENTITY, SHAPE, anew=True) as chunks:
        assert (chunks.stop, chunks.refused) == (0, "")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "s.partial"
    fill(path, (8,))
    size = path.stat().st_size
    code = f"""
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_chunks import Chunks, IDENTITY, SHAPE, part, whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 1000}, {size + 1000}))
with Chunks(Path({str(path)!r}), IDENTITY, SHAPE) as chunks:
    chunks.append(part(whole(), 8, 16))
"""
    assert resource.RLIMIT_FSIZE is not None
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert ended.returncode == 1 and "OSError" in ended.stderr
    assert path.stat().st_size > size  # a piece of the block got in
    assert read(path)[1].stop == 8


def test_it_is_gone_when_it_is_not_needed_any_more(tmp_path: Path) -> None:
    path = tmp_path / "s.partial"
    fill(path)
    with Chunks(path, IDENTITY, SHAPE) as chunks:
        chunks.discard()
    assert not path.exists()
