import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from aniposelib.cameras import CameraGroup

from lightning_pose.core.anipose import AniposeFile, read_anipose, write_anipose
from lightning_pose.core.camera import Camera, affine, make_camera, project_views
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.rotations import matrix_from_rvec

LENSES = {
    "five": ([-0.2, 0.05, 1e-3, -1e-3, 0.01], False),
    "eight": ([0.12, -0.04, 1.2e-3, -0.8e-3, 0.013, 0.31, -0.02, 0.004], False),
    "twelve": ([0.12, -0.04, 1.2e-3, -0.8e-3, 0.013, 0.31, -0.02, 0.004, 2e-3, -1e-3, 1.5e-3, 4e-4], False),
    "none": ([], False),
    "fisheye": ([0.05, -0.01, 0.002, -1e-17], True),
}


def content(count: int = 5, lens: str | None = None) -> AniposeFile:
    """Cameras of different lenses, poses and sizes."""
    rng = np.random.default_rng(7)
    each = []
    for i in range(count):
        coefficients, fisheye = LENSES[lens or list(LENSES)[i % len(LENSES)]]
        K = [[700.0 + 10 * i, 0, 320 + i], [0, 705.0 + 10 * i, 240 - i], [0, 0, 1]]
        each.append(make_camera(K, coefficients, 0.3 * rng.normal(size=3), [0.1 * i, 0, 5.0 + i], fisheye))
    camera = Camera(*(np.stack(part) for part in zip(*each, strict=True)))
    sizes = np.array([[640 + 2 * i, 480 + 2 * i] for i in range(count)])
    return AniposeFile(
        tuple(f"view{i}" for i in range(count)), sizes, camera, {"error": 0.25, "adjusted": True}
    )


def good() -> dict:
    """One table as Anipose writes it."""
    return {
        "name": "side",
        "size": [640, 480],
        "matrix": [[700.0, 0.0, 320.0], [0.0, 700.0, 240.0], [0.0, 0.0, 1.0]],
        "distortions": [-0.1, 0.0, 0.0, 0.0, 0.0],
        "rotation": [0.1, -0.2, 0.3],
        "translation": [0.0, 0.0, 5.0],
    }


def written(folder: Path, **tables: object) -> Path:
    path = folder / "calibration.toml"
    path.write_text(tomli_w.dumps(tables))
    return path


@pytest.mark.parametrize("count", [5, 12])
def test_a_file_we_write_projects_alike_in_anipose_and_back(tmp_path, rng, count):
    """Twelve cameras: Anipose sorts keys as text, so that cam_10 would come before cam_2."""
    ours, points = content(count), rng.normal(size=(20, 3)) * 0.5
    write_anipose(tmp_path / "ours.toml", ours)
    group = CameraGroup.load(str(tmp_path / "ours.toml"))
    assert [camera.name for camera in group.cameras] == list(ours.names)
    assert [tuple(camera.size) for camera in group.cameras] == [tuple(size) for size in ours.sizes]
    assert group.metadata == ours.metadata
    expected = project_views(points, ours.camera)
    np.testing.assert_allclose(group.project(points).reshape(expected.shape), expected, rtol=0, atol=1e-9)

    group.dump(str(tmp_path / "theirs.toml"))
    back = read_anipose(tmp_path / "theirs.toml")
    assert back.names == ours.names and back.metadata == ours.metadata
    np.testing.assert_array_equal(back.sizes, ours.sizes)
    np.testing.assert_array_equal(back.camera.fisheye, ours.camera.fisheye)
    np.testing.assert_allclose(project_views(points, back.camera), expected, rtol=0, atol=1e-9)


def test_writing_and_reading_changes_nothing(tmp_path):
    ours = content()
    write_anipose(tmp_path / "a.toml", ours)
    back = read_anipose(tmp_path / "a.toml")
    for name in ("matrix", "distortion", "translation", "fisheye"):
        np.testing.assert_array_equal(getattr(back.camera, name), getattr(ours.camera, name))
    np.testing.assert_allclose(back.camera.rotation, ours.camera.rotation, rtol=0, atol=1e-15)


def test_keys_are_in_the_order_of_their_numbers(tmp_path):
    tables = {f"cam_{i}": {**good(), "name": f"v{i}", "translation": [i, 0, 5.0]} for i in (10, 2, 0)}
    assert read_anipose(written(tmp_path, **tables)).names == ("v0", "v2", "v10")


def test_a_rotation_may_be_a_matrix_and_a_vector_may_be_a_column(tmp_path):
    R = matrix_from_rvec(np.array([0.1, -0.2, 0.3]))
    few_digits = {**good(), "rotation": np.round(R, 4).tolist(), "translation": [[0.0], [0.0], [5.0]]}
    read = read_anipose(written(tmp_path, cam_0=few_digits)).camera
    np.testing.assert_allclose(read.rotation[0], R, atol=1e-4)
    np.testing.assert_allclose(read.rotation[0] @ read.rotation[0].T, np.eye(3), atol=1e-15)
    np.testing.assert_array_equal(read.translation[0], [0, 0, 5])


def test_a_skew_is_kept(tmp_path):
    skewed = {**good(), "matrix": [[700.0, -5.8, 320.0], [0.0, 700.0, 240.0], [0.0, 0.0, 1.0]]}
    assert read_anipose(written(tmp_path, cam_0=skewed)).camera.matrix[0, 0, 1] == -5.8


def test_a_rotated_image_cannot_be_written_and_leaves_no_file(tmp_path):
    ours = content(2)
    turned = affine(ours.camera, np.array([[0.0, -1, 480], [1, 0, 0], [0, 0, 1]]))
    with pytest.raises(CalibrationError, match="'view0': its matrix is not upper triangular"):
        write_anipose(tmp_path / "a.toml", ours._replace(camera=turned))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"matrix": [[700.0, 0, 0], [0, 700, 0], [320, 240, 1]]},
            "matrix is transposed .* last row is 320 240 1",
        ),
        ({"matrix": [[700.0, 0, 320], [0, 700, 240], [0, 0, 0]]}, "last row 0 0 0, expected 0 0 1"),
        ({"matrix": [[-700.0, 0, 320], [0, 700, 240], [0, 0, 1]]}, "focal lengths -700, 700 px"),
        ({"matrix": [[700.0, 0, 320], [3, 700, 240], [0, 0, 1]]}, "has 3 in row 2, column 1"),
        ({"matrix": [[700.0, 0], [0, 700]]}, "matrix must have 3 x 3 numbers, it has 2 x 2"),
        ({"matrix": [[float("nan"), 0, 320], [0, 700, 240], [0, 0, 1]]}, "not finite"),
        ({"matrix": "none"}, "matrix must be numbers, it is 'none'"),
        ({"matrix": [[700.0, 0, 320], [0, 700]]}, "matrix must be numbers"),
        ({"distortions": [0.1, 0.2]}, "distortions must have 0 or 4 or 5 or 8 or 12 or 14 numbers, it has 2"),
        ({"distortions": [0.1] * 14}, "tilted sensor"),
        ({"distortions": [0.1, 0, 0, 0, 0.2], "fisheye": True}, "fisheye lens has 4 coefficients"),
        ({"fisheye": "yes"}, "fisheye must be true or false, it is 'yes'"),
        ({"rotation": [[1.0, 0, 0], [0, 2, 0], [0, 0, 1]]}, "not a rotation matrix: R R' differs .* by 3"),
        ({"rotation": [[1.0, 0, 0], [0, 1, 0], [0, 0, -1]]}, "reflection"),
        ({"rotation": [1.0, 0]}, "rotation must have 3 or 3 x 3 numbers, it has 2"),
        ({"translation": [1.0, 0]}, "translation must have 3 numbers"),
        ({"size": [640.5, 480]}, "whole pixels"),
        ({"size": [0, 480]}, "whole pixels"),
        ({"name": 3}, "name must be a text, it is 3"),
    ],
)
def test_an_impossible_camera_is_refused_with_what_is_wrong(tmp_path, change, message):
    path = written(tmp_path, cam_0={**good(), **change})
    with pytest.raises(CalibrationError, match=message) as caught:
        read_anipose(path)
    assert str(path) in str(caught.value) and "[cam_0]" in str(caught.value)


def test_missing_entries_are_named_together(tmp_path):
    table = {key: value for key, value in good().items() if key not in ("size", "rotation")}
    with pytest.raises(CalibrationError, match=r"\[cam_0\] 'side' lacks size, rotation"):
        read_anipose(written(tmp_path, cam_0=table))


def test_all_faults_of_a_file_come_at_once(tmp_path):
    path = written(
        tmp_path,
        cam_0={**good(), "matrix": [[700.0, 0, 0], [0, 700, 0], [320, 240, 1]], "rotation": [1.0]},
        cam_1={**good(), "translation": "far"},
        error=2.0,
    )
    with pytest.raises(CalibrationError) as caught:
        read_anipose(path)
    assert re.search("4 faults", str(caught.value))
    for part in (
        "transposed",
        "rotation must have",
        "translation must be numbers",
        "'error' is not a camera table",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[cam_0\nname = 1", "not a TOML file"),
        (b"\xff\xfe\x00binary", "not even text"),
        (b"[metadata]\nerror = 1.0\n", "there is no camera in it"),
        (b"", "there is no camera in it"),
        (b"metadata = 3\n", "must be a table"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, text, message):
    (tmp_path / "calibration.toml").write_bytes(text)
    with pytest.raises(CalibrationError, match=message):
        read_anipose(tmp_path / "calibration.toml")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CalibrationError, match="no such calibration file"):
        read_anipose(tmp_path / "calibration.toml")
    with pytest.raises(CalibrationError, match="cannot be read: Is a directory"):
        read_anipose(tmp_path)


def test_numbers_of_numpy_in_metadata_are_written_as_toml_can(tmp_path):
    ours = content(2)._replace(metadata={"error": np.float32(0.5), "ids": np.arange(2), "none": None})
    write_anipose(tmp_path / "a.toml", ours)
    assert tomllib.loads((tmp_path / "a.toml").read_text())["metadata"] == {"error": 0.5, "ids": [0, 1]}
