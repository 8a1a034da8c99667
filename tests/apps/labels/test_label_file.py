import hashlib
import os

import numpy as np
import pytest

from apps.labels import label_file
from apps.labels.label_file import FileHashes, file_hash, read_label_file
from lightning_pose.core.errors import DataError
from lightning_pose.core.tables import read_labels


def test_a_label_file_says_what_the_core_reads(two_views):
    path = two_views / "CollectedData_cam1.csv"
    file, poses = read_label_file(path), read_labels(path)
    assert file.frames == poses.frames.tolist()
    assert np.array_equal(file.points, poses.points, equal_nan=True)
    assert np.array_equal(file.labeled, poses.present)
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_changes_while_it_is_read_is_read_again(two_views, monkeypatch):
    path = two_views / "CollectedData_cam1.csv"
    text, writes = path.read_bytes(), [b"7.5", b"8.5"]

    def read_while_somebody_writes(name):
        poses = read_labels(name)
        if writes:
            path.write_bytes(text.replace(b"20.50", writes.pop(0)))
        return poses

    monkeypatch.setattr(label_file, "read_labels", read_while_somebody_writes)
    assert read_label_file(path).points[2, 0, 0] == 8.5
    writes += [b"%d.25" % number for number in range(100)]
    with pytest.raises(DataError, match="keeps changing"):
        read_label_file(path)


def test_a_file_is_hashed_again_only_when_it_was_written(two_views, monkeypatch):
    path = two_views / "CollectedData_cam1.csv"
    hashes = FileHashes({"cam1": path, "cam2": two_views / "nothing.csv"})
    assert hashes("cam2") == ""
    os.utime(path, (1e9, 1e9))
    first = hashes("cam1")
    with monkeypatch.context() as patch:
        patch.setattr(label_file, "file_hash", None)
        assert hashes("cam1") == first == file_hash(path)
    path.write_bytes(path.read_bytes().replace(b"20.50", b"20.51"))  # of the same length
    assert hashes("cam1") == file_hash(path) != first
    path.write_bytes(path.read_bytes().replace(b"20.51", b"20.52"))  # at once, perhaps with the same time
    assert hashes("cam1") == file_hash(path)
