from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from lightning_pose.core.errors import DataError
from lightning_pose.data.labels import native_from_network, network_from_native, read_labeled_frames

SIZE = (32, 64)


def files(folder: Path) -> dict[str, Path]:
    return {view: folder / f"CollectedData_{view}.csv" for view in ("left", "right")}


def edit(path: Path, line: int, column: int, value: str) -> None:
    """Change one cell of a CSV; lines and columns count from zero, header included."""
    lines = path.read_text().splitlines()
    cells = lines[line].split(",")
    cells[column] = value
    lines[line] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")


def test_views_of_different_size_come_as_one_batch_with_labels_on_the_dots(toy_project):
    folder = toy_project()
    frames = read_labeled_frames(files(folder), folder, (64, 96))
    batch = frames.batch([3, 0])
    assert batch["images"].shape == (2, 2, 64, 96, 3)
    assert frames.native_sizes[0].tolist() == [[80, 64], [96, 72]]
    for instant in range(2):
        for view in range(2):
            x, y = batch["xy"][instant, view, 0].round().long().tolist()
            red = batch["images"][instant, view, y, x]
            assert red[0] > 120 > red[1]
    assert torch.equal(batch["visible"], torch.full((2, 2, 3), 2))


def test_coordinates_return_to_the_disk_exactly():
    rng = np.random.default_rng(0)
    xy, native = rng.uniform(0, 500, (7, 2, 4, 2)), rng.integers(100, 900, (7, 2, 1, 2))
    network = network_from_native(xy, native, SIZE)
    np.testing.assert_allclose(native_from_network(network, native, SIZE), xy)
    corner = network_from_native(np.array([-0.5, -0.5]), np.array([640, 480]), SIZE)
    np.testing.assert_allclose(corner, [-0.5, -0.5])


def test_images_beyond_the_memory_bound_are_the_same(toy_project):
    folder = toy_project()
    kept = read_labeled_frames(files(folder), folder, SIZE)
    tight = read_labeled_frames(files(folder), folder, SIZE, cache_gib=5 * 3 * 32 * 64 / 2**30)
    rows = [11, 0, 5]
    assert torch.equal(kept.batch(rows)["images"], tight.batch(rows)["images"])


def test_a_missing_label_is_ignored_or_spread_as_asked(toy_project):
    folder = toy_project()
    edit(files(folder)["left"], 5, 3, "")
    edit(files(folder)["left"], 5, 4, "")
    ignored = read_labeled_frames(files(folder), folder, SIZE)
    spread = read_labeled_frames(files(folder), folder, SIZE, uniform_for_missing=True)
    assert ignored.visible[2, 0].tolist() == [2, 0, 2]
    assert spread.visible[2, 0].tolist() == [2, 1, 2]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("rows", r"11 rows against 12"),
        ("keypoints", r"lacks keypoints paw_right"),
        ("outside", r"row 3 .*paw_left.*outside its image of 80 x 64 px"),
        ("duplicate", r"img00000001.png"),
        ("missing", r"img00000004.png"),
        ("no image", r"img00000006.png cannot be read"),
        ("empty", r"empty|header"),
    ],
)
def test_faulty_labels_are_refused_before_training(toy_project, fault, message):
    folder = toy_project()
    left, right = files(folder).values()
    images = folder / "labeled-data" / "s0_right"
    if fault == "rows":
        right.write_text("\n".join(right.read_text().splitlines()[:-1]) + "\n")
    elif fault == "keypoints":
        right.write_text(right.read_text().replace("paw_right", "tail"))
    elif fault == "outside":
        edit(left, 5, 3, "85.5")
    elif fault == "duplicate":
        lines = left.read_text().splitlines()
        left.write_text("\n".join([*lines[:-1], lines[4]]) + "\n")
    elif fault == "missing":
        (images / "img00000004.png").unlink()
    elif fault == "no image":
        (images / "img00000006.png").write_text("no image")
    else:
        left.write_text("")
    with pytest.raises(DataError, match=message):
        read_labeled_frames(files(folder), folder, SIZE)


def test_labels_outside_can_be_taken_as_missing(toy_project):
    folder = toy_project()
    edit(files(folder)["left"], 5, 3, "85.5")
    frames = read_labeled_frames(files(folder), folder, SIZE, outside="ignore")
    assert frames.visible[2, 0].tolist() == [2, 0, 2]


def test_faults_of_all_views_are_reported_together(toy_project):
    folder = toy_project()
    for view in ("left", "right"):
        (folder / "labeled-data" / f"s0_{view}" / "img00000002.png").unlink()
    with pytest.raises(DataError, match=r"(?s)s0_left/img00000002.*s0_right/img00000002"):
        read_labeled_frames(files(folder), folder, SIZE)


def test_grey_images_are_read_as_colour(toy_project):
    folder = toy_project((), n=3)
    path = folder / "labeled-data" / "s0" / "img00000000.png"
    cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
    frames = read_labeled_frames({"": folder / "CollectedData.csv"}, folder, (64, 80))
    image = frames.batch([0])["images"][0, 0]
    assert torch.equal(image[..., 0], image[..., 2])


def test_a_window_of_frames_comes_around_every_labeled_one(toy_project):
    """A neighbour need not be labeled; one that is not on disk is replaced by the nearest one inwards."""
    folder = toy_project()
    (folder / "labeled-data" / "s0_left" / "img00000006.png").rename(
        folder / "labeled-data" / "s0_left" / "img00000012.png"
    )
    for file in files(folder).values():  # frame 6 is gone in the left view, and labeled in neither
        lines = file.read_text().splitlines()
        file.write_text("\n".join([*lines[:9], *lines[10:]]) + "\n")
    alone = read_labeled_frames(files(folder), folder, SIZE).batch(range(11))["images"]
    frames = read_labeled_frames(files(folder), folder, SIZE, context=2)
    window = frames.batch([3, 10, 0])["images"]
    assert window.shape == (3, 2, 5, *SIZE, 3)
    numbers = {number: row for row, number in enumerate([0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11])}
    assert torch.equal(window[0, 1], alone[[numbers[n] for n in (1, 2, 3, 4, 5)], 1])
    assert torch.equal(window[1, 1], alone[[numbers[n] for n in (9, 10, 11, 11, 11)], 1])
    assert torch.equal(window[2, 1], alone[[numbers[n] for n in (0, 0, 0, 1, 2)], 1])
    assert not torch.equal(window[1, 0, 3], alone[numbers[11], 0])  # the left view has a frame 12
    beside = frames.batch([5, 6])["images"]  # frames 5 and 7, next to the one that is gone
    assert torch.equal(beside[0, 0], alone[[numbers[n] for n in (3, 4, 5, 5, 7)], 0])
    assert torch.equal(beside[1, 0, 1], alone[numbers[7], 0])
    seen = beside[0, 1]  # the right view still has its frame 6, though no label
    assert not torch.equal(seen[3], alone[numbers[5], 1]) and not torch.equal(seen[3], alone[numbers[7], 1])
