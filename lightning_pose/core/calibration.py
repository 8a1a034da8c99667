"""The rig of calibrated cameras, its file, and the one place that finds the calibration of a session."""

import csv
import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from lightning_pose.core import triangulate as triangulation
from lightning_pose.core.anipose import AniposeFile, read_anipose, write_anipose
from lightning_pose.core.camera import Camera, affine, project_views, resize_matrix
from lightning_pose.core.errors import CalibrationError, raise_collected
from lightning_pose.core.rigcheck import point_faults, rig_faults

INDEX = "calibrations.csv"
UNIT = "unit"

Sizes = Mapping[str, Sequence[int]] | Sequence[Sequence[int]] | np.ndarray


@dataclass(frozen=True, eq=False)
class Rig:
    """Calibrated cameras, in the order of the views of a project."""

    names: tuple[str, ...]
    sizes: Int[np.ndarray, "V 2"]  # width, height of the images that the camera matrices belong to, px
    camera: Camera  # float64 numpy, one axis V
    metadata: dict[str, Any] = field(default_factory=dict)
    unit: str | None = None  # of the world, such as "mm"

    def __post_init__(self) -> None:
        """Check that the parts belong together.

        Raises:
            CalibrationError: when they do not, or two cameras have one name or one pose.
        """
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "sizes", np.asarray(self.sizes, dtype=int))
        count = len(self.names)
        if self.sizes.shape != (count, 2) or self.camera.fisheye.shape != (count,):
            raise CalibrationError(
                f"rig: {count} names, sizes of shape {self.sizes.shape}, cameras of shape "
                f"{self.camera.fisheye.shape}: expected one size and one camera for each name"
            )
        faults = rig_faults(self.names, self.camera)
        if faults:
            raise_collected(CalibrationError, "rig", faults)

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def load(cls, path: Path | str) -> "Rig":
        """Read a rig from Anipose's TOML file; the unit of the world is `unit` in its metadata.

        Raises:
            CalibrationError: when there is none, or what it says is impossible; all faults listed.
        """
        content = read_anipose(path)
        faults = rig_faults(content.names, content.camera)
        if faults:
            raise_collected(CalibrationError, str(path), faults)
        metadata = dict(content.metadata)
        unit = metadata.pop(UNIT, None)
        return cls(
            content.names, content.sizes, content.camera, metadata, None if unit is None else str(unit)
        )

    def save(self, path: Path | str) -> None:
        """Write the rig to a TOML file that Anipose reads too, atomically.

        Raises:
            CalibrationError: when a camera's image is rotated, which the format cannot say.
        """
        metadata = dict(self.metadata) if self.unit is None else {**self.metadata, UNIT: self.unit}
        write_anipose(path, AniposeFile(self.names, self.sizes, self.camera, metadata))

    def select(self, names: Sequence[str]) -> "Rig":
        """Return the rig of these cameras in this order.

        Raises:
            CalibrationError: when a name is not among the cameras.
        """
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise_collected(CalibrationError, "rig", [_unknown(name, self.names) for name in unknown])
        index = [self.names.index(name) for name in names]
        camera = Camera(*(part[index] for part in self.camera))
        return replace(self, names=tuple(names), sizes=self.sizes[index], camera=camera)

    def check(self, view_names: Sequence[str], sizes: Sizes | None = None, path: Path | str = "rig") -> "Rig":
        """Return the cameras of these views in their order, if the calibration fits them and their videos.

        Cameras that are no views are left out: a project may use some of a rig.

        Args:
            view_names: the views of the project.
            sizes: width and height of the videos (px), by view or in the order of `view_names`.
            path: where the calibration came from, for the message.

        Raises:
            CalibrationError: when a view has no camera, or a video another size than its camera; all listed.
        """
        if sizes is not None and not isinstance(sizes, Mapping):
            sizes = dict(zip(view_names, sizes, strict=True))
        faults = []
        for view in view_names:
            if view not in self.names:
                faults.append(_unknown(view, self.names))
            elif sizes is not None and view in sizes:
                faults += _size_faults(view, self.sizes[self.names.index(view)], sizes[view])
        if faults:
            raise_collected(CalibrationError, str(path), faults)
        return self.select(view_names)

    def check_points(self, xy: Float[np.ndarray, "V *N 2"], path: Path | str = "rig") -> None:
        """Check that the cameras can have seen these points, such as labels; costs a fraction of a second.

        Args:
            xy: pixels in every view; NaN where missing.
            path: where the calibration came from, for the message.

        Raises:
            CalibrationError: when the views contradict each other wholly; it names the mistake that explains
                them (a transposed rotation, an inverted pose, two cameras exchanged), if one does.
        """
        faults = point_faults(self.names, self.sizes, self.camera, np.asarray(xy, dtype=np.float64))
        if faults:
            raise_collected(CalibrationError, str(path), faults)

    def project(self, xyz: Float[np.ndarray, "*N 3"]) -> Float[np.ndarray, "V *N 2"]:
        """Return the pixels of world points in every view; NaN behind a camera."""
        return project_views(np.asarray(xyz, dtype=np.float64), self.camera)

    def triangulate(
        self, xy: Float[np.ndarray, "V *N 2"], weights: Float[np.ndarray, "V *N"] | None = None
    ) -> Float[np.ndarray, "*N 3"]:
        """Return world points from pixels; see `triangulate.triangulate`."""
        return triangulation.triangulate(np.asarray(xy, dtype=np.float64), self.camera, weights)

    def triangulate_robust(
        self,
        xy: Float[np.ndarray, "V *N 2"],
        weights: Float[np.ndarray, "V *N"] | None = None,
        threshold_px: float = 10.0,
    ) -> triangulation.Robust:
        """Return world points and the views that they reject; see `triangulate.triangulate_robust`."""
        xy = np.asarray(xy, dtype=np.float64)
        return triangulation.triangulate_robust(xy, self.camera, weights, threshold_px)

    def scaled_to(self, sizes: Int[np.ndarray, "V 2"] | Sequence[Sequence[int]]) -> "Rig":
        """Return the rig for images resized to these widths and heights (px)."""
        target = np.asarray(sizes, dtype=int)
        scales = target / self.sizes
        A = np.stack([resize_matrix(sx, sy) for sx, sy in scales])
        return replace(self, sizes=target, camera=affine(self.camera, A))


def find_calibration(project_dir: Path | str, session: str) -> Path | None:
    """Return the calibration file of a session, or None.

    The first there is of `calibrations/<session>.toml`, `calibration.toml`, and the file that
    `calibrations.csv` names for the session's images.

    Raises:
        CalibrationError: when `calibrations.csv` cannot be read, names two files for the session or one
            that does not exist.
    """
    project_dir = Path(project_dir)
    for path in _places(project_dir, session):
        if path.is_file():
            return path
    return _indexed(project_dir / INDEX, session)


def has_calibration(project_dir: Path | str) -> bool:
    """Return whether there is a calibration of any session where `find_calibration` looks; none is read."""
    places = (*_places(Path(), "*"), Path(INDEX))
    return any(path.is_file() for place in places for path in Path(project_dir).glob(str(place)))


def require_calibration(project_dir: Path | str, sessions: Iterable[str], why: str) -> dict[str, Rig]:
    """Return the rig of every session.

    Args:
        project_dir: the project's folder.
        sessions: names of sessions.
        why: what needs a calibration, as the beginning of a sentence: "the smoother in 3D".

    Raises:
        CalibrationError: when a session has none, with every place that was looked at; or a file is faulty.
    """
    project_dir, found, faults = Path(project_dir), {}, []
    for session in sessions:
        path = find_calibration(project_dir, session)
        if path is None:
            places = ", ".join(str(place) for place in (*_places(project_dir, session), project_dir / INDEX))
            faults.append(f"session '{session}' has none; looked for {places}")
        found[session] = path
    if faults:
        raise_collected(CalibrationError, f"{why} needs a calibration", faults)
    rigs = {path: Rig.load(path) for path in dict.fromkeys(found.values())}
    return {session: rigs[path] for session, path in found.items()}


def _places(project_dir: Path, session: str) -> tuple[Path, Path]:
    """Return the files that would calibrate a session, first choice first."""
    return project_dir / "calibrations" / f"{session}.toml", project_dir / "calibration.toml"


def _indexed(index: Path, session: str) -> Path | None:
    """Return the file that the index names for a session.

    The index has a row per labeled image: its path without the view (`labeled-data/<session>/img0001.png`)
    in an unnamed first column, the calibration file in the column `file`.
    """
    if not index.is_file():
        return None
    named = _index_files(index, index.stat().st_mtime_ns).get(session)
    if not named:
        return None
    if len(named) > 1:
        raise CalibrationError(
            f"{index}: session '{session}' has several calibrations: {', '.join(sorted(named))}"
        )
    [name] = named
    path = index.parent / name
    if not path.is_file():
        raise CalibrationError(f"{index}: session '{session}' is calibrated by {path}, which does not exist")
    return path


@lru_cache(maxsize=8)
def _index_files(index: Path, mtime_ns: int) -> dict[str, set[str]]:
    """Return which files the index names for each session, by the folder of its images and by all of a path.

    Raises:
        CalibrationError: when it cannot be read.
    """
    try:
        with index.open(newline="", encoding="utf-8-sig") as lines:
            rows = list(csv.DictReader(lines, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CalibrationError(f"{index}: cannot be read as a table: {error}") from error
    found: dict[str, set[str]] = {}
    if not rows:
        return found
    image, *columns = rows[0]
    if "file" not in columns:
        raise CalibrationError(f"{index}: there is no column 'file'; expected ',file' as its first line")
    for row in rows:
        for session in {Path(row[image]).parent.name, row[image]} if row["file"] else ():
            found.setdefault(session, set()).add(row["file"])
    return found


def _unknown(view: str, names: Sequence[str]) -> str:
    """Return the fault of a view without a camera, with the nearest name."""
    near = difflib.get_close_matches(view, names, n=1, cutoff=0.6)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return f"view '{view}' has no camera in it: the cameras are {', '.join(names)}{hint}"


def _size_faults(view: str, calibrated: np.ndarray, video: Sequence[int]) -> list[str]:
    """Return what is wrong with the size of a view's video."""
    width, height = (int(s) for s in video)
    w, h = (int(s) for s in calibrated)
    if (width, height) == (w, h):
        return []
    fault = f"camera '{view}' was calibrated at {w} x {h} px, but its video is {width} x {height} px"
    if (width, height) == (h, w):
        return [f"{fault}: width and height are swapped (size is [width, height]), or the video is rotated"]
    if abs(width * h - height * w) <= max(w, h, width, height):
        return [f"{fault}: if the video was resized, rescale the calibration (`Rig.scaled_to`)"]
    return [f"{fault}: another shape, so a crop or another camera; correct `size` and `matrix`"]
