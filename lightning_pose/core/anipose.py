"""Anipose's calibration file, one TOML table per camera: what it says, and all that is wrong with it."""

import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tomli_w

from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.errors import CalibrationError, raise_collected
from lightning_pose.core.files import write_text
from lightning_pose.core.rotations import matrix_from_rvec, rvec_from_matrix

METADATA = "metadata"
REQUIRED = ("name", "size", "matrix", "distortions", "rotation", "translation")
NOT_ORTHOGONAL = 1e-3  # largest entry of R'R - I that printing with few digits explains


class AniposeFile(NamedTuple):
    """What a calibration file holds, cameras in the order of their keys."""

    names: tuple[str, ...]
    sizes: np.ndarray  # "V 2" width, height in px
    camera: Camera
    metadata: dict[str, Any]


def read_anipose(path: Path | str) -> AniposeFile:
    """Read a calibration file in Anipose's TOML form; `docs/formats/calibration.md` describes it.

    Raises:
        CalibrationError: when there is no such file, it is not TOML, or a camera in it is impossible; all
            faults listed at once.
    """
    tables = _read_tables(Path(path))
    metadata = tables.pop(METADATA, {})
    faults, parsed = [], []
    for key in sorted(tables, key=_natural):
        found = len(faults)
        entry = _read_camera(key, tables[key], faults)
        if len(faults) == found:
            parsed.append(entry)
    if not isinstance(metadata, dict):
        faults.append(f"[{METADATA}] must be a table, it is {metadata!r}")
    if not tables:
        faults.append("there is no camera in it: expected a table [cam_0], [cam_1], ... for each camera")
    if faults:
        raise_collected(CalibrationError, str(path), faults)
    matrix, distortion, rotation, translation, fisheye = (
        np.stack(field) for field in zip(*(p[2:] for p in parsed), strict=True)
    )
    return AniposeFile(
        names=tuple(p[0] for p in parsed),
        sizes=np.array([p[1] for p in parsed], dtype=int),
        camera=make_camera(matrix, distortion, rotation, translation, fisheye),
        metadata=metadata,
    )


def write_anipose(path: Path | str, content: AniposeFile) -> None:
    """Write a calibration file that Anipose reads too, atomically.

    Anipose orders cameras by key as text, so the numbers in the keys have equally many digits.

    Raises:
        CalibrationError: when a camera matrix is not upper triangular with last row 0 0 1, as after a
            rotation of the image: Anipose would project it elsewhere.
    """
    camera, digits = content.camera, len(str(len(content.names) - 1))
    faults = [
        f"camera '{name}': its matrix is not upper triangular (a rotated image?), which the format cannot say"
        for name, K in zip(content.names, camera.matrix, strict=True)
        if K[1, 0] != 0 or not np.array_equal(K[2], [0, 0, 1])
    ]
    if faults:
        raise_collected(CalibrationError, str(path), faults)
    rvecs = rvec_from_matrix(camera.rotation)
    tables: dict[str, Any] = {}
    for i, name in enumerate(content.names):
        tables[f"cam_{i:0{digits}d}"] = {
            "name": name,
            "size": [int(s) for s in content.sizes[i]],
            "matrix": camera.matrix[i].tolist(),
            "distortions": _needed(camera.distortion[i], bool(camera.fisheye[i])).tolist(),
            "rotation": rvecs[i].tolist(),
            "translation": camera.translation[i].tolist(),
        }
        if camera.fisheye[i]:
            tables[f"cam_{i:0{digits}d}"]["fisheye"] = True
    tables[METADATA] = _plain(content.metadata)
    write_text(path, tomli_w.dumps(tables))


def _read_tables(path: Path) -> dict[str, Any]:
    """Return the parsed TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CalibrationError(f"{path}: there is no such calibration file") from None
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CalibrationError(
            f"{path}: not a TOML file, it is not even text; expected Anipose's format"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise CalibrationError(f"{path}: not a TOML file: {error}; expected Anipose's format") from error


def _read_camera(key: str, table: Any, faults: list[str]) -> tuple:
    """Return name, size, matrix, distortion (12), rotation matrix, translation, fisheye; append faults."""
    if not isinstance(table, dict):
        faults.append(f"'{key}' is not a camera table: expected [{key}] with {', '.join(REQUIRED)}")
        return ()
    name = table.get("name")
    where = f"[{key}]" if name is None else f"[{key}] '{name}'"
    missing = [field for field in REQUIRED if field not in table]
    if missing:
        faults.append(f"{where} lacks {', '.join(missing)}")
    if "name" in table and (not isinstance(name, str) or not name):
        faults.append(f"[{key}] name must be a text, it is {name!r}")
    fisheye = table.get("fisheye", False)
    if not isinstance(fisheye, bool):
        faults.append(f"{where} fisheye must be true or false, it is {fisheye!r}")
    local: list[str] = []
    size = _numbers(table, "size", ((2,),), local)
    if size is not None and not (np.all(size > 0) and np.array_equal(size, np.round(size))):
        local.append(f"size must be [width, height] in whole pixels, it is {table['size']}")
    matrix = _numbers(table, "matrix", ((3, 3),), local)
    if matrix is not None:
        local += _matrix_faults(matrix)
    distortion = _numbers(table, "distortions", ((0,), (4,), (5,), (8,), (12,), (14,)), local)
    if distortion is not None:
        local += _distortion_faults(distortion, fisheye is True)
    rotation = _numbers(table, "rotation", ((3,), (3, 3)), local)
    if rotation is not None and rotation.shape == (3, 3):
        local += _rotation_faults(rotation)
    translation = _numbers(table, "translation", ((3,),), local)
    faults += [f"{where} {fault}" for fault in local]
    if distortion is not None:
        distortion = np.concatenate([distortion, np.zeros(12)])[:12]
    if rotation is not None and not local:
        rotation = matrix_from_rvec(rotation) if rotation.shape == (3,) else _nearest_rotation(rotation)
    return name, size, matrix, distortion, rotation, translation, fisheye


def _numbers(table: dict, field: str, shapes: tuple, faults: list[str]) -> np.ndarray | None:
    """Return a field as an array of one of these shapes; None, with a fault, where it is not."""
    if field not in table:
        return None
    try:
        values = np.array(table[field], dtype=np.float64)
    except (TypeError, ValueError):
        faults.append(f"{field} must be numbers, it is {table[field]!r}")
        return None
    if field == "translation" or (field == "rotation" and values.size == 3):
        values = values.reshape(-1)  # OpenCV's columns, [[x], [y], [z]]
    elif field == "distortions":
        values = values.reshape(-1)
    if values.shape not in shapes:
        expected = " or ".join(" x ".join(str(n) for n in shape) for shape in shapes)
        faults.append(f"{field} must have {expected} numbers, it has {' x '.join(map(str, values.shape))}")
        return None
    if not np.all(np.isfinite(values)):
        faults.append(f"{field} has a value that is not finite: {table[field]}")
        return None
    return values


def _matrix_faults(K: np.ndarray) -> list[str]:
    """Return what is wrong with a camera matrix."""
    if not np.allclose(K[2], [0, 0, 1], rtol=0, atol=1e-9):
        row = " ".join(f"{value:g}" for value in K[2])
        if np.allclose(K[:, 2], [0, 0, 1], rtol=0, atol=1e-9):
            return [
                f"matrix is transposed (as MATLAB writes it): its last row is {row}, expected 0 0 1; swap "
                "rows and columns, and check whether the rotation is transposed too"
            ]
        return [f"matrix has the last row {row}, expected 0 0 1: write fx 0 cx / 0 fy cy / 0 0 1"]
    if K[0, 0] <= 0 or K[1, 1] <= 0:
        return [f"matrix has the focal lengths {K[0, 0]:g}, {K[1, 1]:g} px: expected positive ones"]
    if K[1, 0] != 0:
        return [f"matrix has {K[1, 0]:g} in row 2, column 1, expected 0: write fx 0 cx / 0 fy cy / 0 0 1"]
    return []


def _distortion_faults(k: np.ndarray, fisheye: bool) -> list[str]:
    """Return what is wrong with distortion coefficients."""
    if fisheye and np.any(k[4:]):
        return [
            f"distortions: a fisheye lens has 4 coefficients k1 k2 k3 k4, got {k.size} with {k[4:].tolist()}"
        ]
    if np.any(k[12:]):
        return [
            "distortions: coefficients 13 and 14 (a tilted sensor) are not supported; calibrate without them"
        ]
    return []


def _rotation_faults(R: np.ndarray) -> list[str]:
    """Return what is wrong with a rotation matrix."""
    off = float(np.abs(R @ R.T - np.eye(3)).max())
    if off > NOT_ORTHOGONAL:
        return [
            f"rotation is not a rotation matrix: R R' differs from the identity by {off:.2g}; expected a "
            "Rodrigues vector of 3 (rad) or 3 x 3 orthonormal rows"
        ]
    if np.linalg.det(R) < 0:
        return ["rotation is a reflection (determinant -1): an axis is flipped or two rows are swapped"]
    return []


def _nearest_rotation(R: np.ndarray) -> np.ndarray:
    """Return the rotation nearest to a matrix that was written with few digits."""
    u, _, vt = np.linalg.svd(R)
    return u @ vt


def _needed(k: np.ndarray, fisheye: bool) -> np.ndarray:
    """Return as many coefficients as the lens needs: OpenCV knows 4 (fisheye), 5, 8 and 12."""
    if fisheye:
        return k[:4]
    return k[: 12 if np.any(k[8:]) else 8 if np.any(k[5:]) else 5]


def _natural(key: str) -> list:
    """Return a sorting key by which cam_2 comes before cam_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", key)]


def _plain(value: Any) -> Any:
    """Return metadata with numpy's numbers as Python's, which TOML can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
