"""The room that files take, against sizes that the test wrote."""

import os

import pytest

from lightning_pose.projects.space import Meter, in_units, space_used


def put(path, size: int):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_every_file_counts_once_for_what_it_is(tmp_path):
    video = put(tmp_path / "videos" / "a.mp4", 1000)
    os.link(video, tmp_path / "videos" / "b.mp4")
    put(tmp_path / ".litpose" / "proxies" / "a.mp4", 20)
    put(tmp_path / "labeled-data" / "a" / "img0.png", 300)
    put(tmp_path / "models" / "m" / "config.yaml", 7)
    put(tmp_path / "models" / "m" / "tb_logs" / "m" / "version_0" / "checkpoints" / "last.ckpt", 5000)
    put(tmp_path / "models" / "m" / "video_preds" / "a.csv", 60)
    put(tmp_path / "models" / "m" / "video_preds" / "metrics" / "a.csv", 1)
    put(tmp_path / "models" / "m" / "video_preds" / "labeled_videos" / "a.mp4", 800)
    put(tmp_path / "project.yaml", 2)
    (tmp_path / "outside").symlink_to("/")
    expected = {
        "recordings": 1020, "images": 300, "networks": 5000, "predictions": 61, "labeled videos": 800,
        "the rest": 9,
    }  # fmt: skip
    assert space_used(tmp_path) == expected
    assert Meter(tmp_path).wait(20) == expected


def test_a_folder_that_is_gone_takes_no_room(tmp_path):
    assert space_used(tmp_path / "gone") == {}


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (312e6, "312 MB"),
        (9.96e9, "10.0 GB"),
        (1.42e12, "1.4 TB"),
    ],
)
def test_sizes_are_said_as_people_do(count, said):
    assert in_units(count) == said
