"""Which label files belong together, read from what a store left."""

import hashlib
import json
from pathlib import Path

import pytest

from lightning_pose.core.label_manifest import Written, read_manifest, unfinished_views


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two label files and the manifest of both."""
    (tmp_path / ".litpose").mkdir()
    files = {}
    for view, content in (("left", b"one"), ("right", b"two")):
        (tmp_path / f"{view}.csv").write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        files[view] = {"file": f"{view}.csv", "revision": 7, "sha256": sha256}
    (tmp_path / ".litpose" / "labels.json").write_text(json.dumps({"format": 1, "files": files}))
    return tmp_path


def test_files_of_the_manifest_belong_together(project: Path) -> None:
    assert unfinished_views(project) == []
    assert read_manifest(project)["left"] == Written("left.csv", 7, hashlib.sha256(b"one").hexdigest())


def test_a_file_that_was_edited_or_is_gone_does_not(project: Path) -> None:
    (project / "right.csv").write_bytes(b"two and more")
    assert unfinished_views(project) == ["right"]
    (project / "left.csv").unlink()
    assert unfinished_views(project) == ["left", "right"]


def test_without_a_manifest_that_can_be_read_nothing_is_said(project: Path, tmp_path: Path) -> None:
    (project / ".litpose" / "labels.json").write_text("{")
    assert unfinished_views(project) == [] and read_manifest(tmp_path / "elsewhere") == {}
