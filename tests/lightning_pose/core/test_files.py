"""Files that appear whole or not at all."""

import errno
import hashlib
import json
import os
import stat
import sys

import pytest

from lightning_pose.core.files import atomic_path, fingerprint, hash_file, write_json, write_text


def test_a_file_is_there_only_when_it_is_whole(tmp_path):
    target = tmp_path / "new" / "table.csv"
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        assert not target.exists()
        assert temporary.parent == target.parent
        assert temporary.suffix == ".csv"
    assert target.read_text() == "half"
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_the_former_file_and_nothing_else(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("former")
    with pytest.raises(ZeroDivisionError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "former"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is a device of Linux")
def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    target = tmp_path / "table.csv"
    with pytest.raises(OSError) as raised, atomic_path(target), open("/dev/full", "w") as full:  # noqa: PTH123
        full.write("x" * 100_000)
    assert raised.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_others_may_read_what_is_written_as_far_as_the_umask_allows(tmp_path):
    former = os.umask(0o027)
    try:
        write_text(tmp_path / "shared.txt", "text")
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "shared.txt").stat().st_mode) == 0o640


def test_text_and_json_are_utf_8_and_read_back(tmp_path):
    record = {"unit": "µm", "views": ["top", "side"], "error": 1.5}
    write_json(tmp_path / "record.json", record)
    text = (tmp_path / "record.json").read_text(encoding="utf-8")
    assert json.loads(text) == record
    assert "µm" in text
    assert text.endswith("}\n")


def test_files_are_known_by_their_content(tmp_path):
    (tmp_path / "a").write_bytes(b"weights" * 100_000)
    assert hash_file(tmp_path / "a") == hashlib.sha256(b"weights" * 100_000).hexdigest()


@pytest.mark.parametrize("size", [0, 5, 1 << 20, (1 << 20) + 5, 3 << 20])
def test_a_fingerprint_tells_files_apart_by_their_length_and_both_ends(tmp_path, size):
    content, path, copy = bytearray(os.urandom(size)), tmp_path / "one", tmp_path / "two"
    path.write_bytes(content)
    copy.write_bytes(content)
    os.utime(copy, (1, 1))
    first = fingerprint(path)
    assert fingerprint(copy) == first and len(first) == 16
    for changed in (content + b"x", *([content[:-1]] if size else [])):
        path.write_bytes(changed)
        assert fingerprint(path) != first
    for place in (0, -1) if size else ():
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert fingerprint(path) != first
