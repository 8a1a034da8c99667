"""Poses: named keypoints over frames, in one view or in the world."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from lightning_pose.core.errors import DataError, raise_collected
from lightning_pose.core.naming import image_session

Frames = Shaped[np.ndarray, "T"]  # of int (frame numbers) or str (paths of images)

IGNORED, OCCLUDED, VISIBLE = 0, 1, 2
LISTED_FAULTS = 20


@dataclass(frozen=True, eq=False)
class Poses:
    """K named keypoints in T frames, as pixels (D = 2) or world coordinates (D = 3).

    Attributes:
        names: keypoint names.
        points: coordinates, NaN where missing; a point is whole or missing as the file has it.
        frames: frame numbers, or paths of images relative to the project.
        likelihood: confidence of each point, in [0, 1] as far as the source keeps to it.
        variance: variance of each coordinate, in the squared unit of `points`.
        visible: of labels: 0 ignore, 1 occluded, 2 visible.
        sets: of predictions on labels: train, validation, test or unused, per frame.
        extras: further quantities per keypoint, by column name.
        scorer: who made them, as the header of the table says.
    """

    names: tuple[str, ...]
    points: Float[np.ndarray, "T K D"]
    frames: Frames
    likelihood: Float[np.ndarray, "T K"] | None = None
    variance: Float[np.ndarray, "T K D"] | None = None
    visible: Int[np.ndarray, "T K"] | None = None
    sets: tuple[str, ...] | None = None
    extras: dict[str, Shaped[np.ndarray, "T K"]] = field(default_factory=dict)
    scorer: str | None = None

    def __post_init__(self) -> None:
        """Convert the arrays to their types and check that they belong together.

        Raises:
            DataError: when they do not; every fault listed.
        """
        self._convert()
        faults = self._faults()
        if faults:
            raise_collected(DataError, "these arrays are not poses", faults)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def dims(self) -> int:
        """2 for pixels, 3 for world coordinates."""
        return self.points.shape[2]

    @property
    def present(self) -> Bool[np.ndarray, "T K"]:
        """Where a point has all its coordinates."""
        return np.asarray(np.isfinite(self.points).all(axis=-1))

    def select(self, names: Sequence[str]) -> "Poses":
        """Return the keypoints of these names, in this order.

        Raises:
            DataError: when a name is not among the keypoints.
        """
        absent = [name for name in names if name not in self.names]
        if absent:
            raise DataError(f"no keypoint {', '.join(absent)}: there are {', '.join(self.names)}")
        index = np.array([self.names.index(name) for name in names], dtype=int)
        arrays = {name: array[:, index] for name, array in self._per_keypoint().items()}
        extras = {name: array[:, index] for name, array in self.extras.items()}
        return dataclasses.replace(self, names=tuple(names), extras=extras, **arrays)

    def at(self, frames: Sequence[int] | Sequence[str] | Frames) -> "Poses":
        """Return these frames, in this order.

        Raises:
            DataError: when a frame is not there, or is there twice.
        """
        place = {frame: index for index, frame in enumerate(self.frames.tolist())}
        if len(place) < len(self):
            raise DataError("frames occur twice, so they cannot be looked up")
        wanted = np.asarray(frames).tolist()
        absent = [str(frame) for frame in wanted if frame not in place]
        if absent:
            listed = ", ".join(absent[:LISTED_FAULTS])
            raise DataError(f"{len(absent)} of {len(wanted)} frames are not in these poses: {listed}")
        return self.rows([place[frame] for frame in wanted])

    def rows(self, index: slice | Sequence[int] | Bool[np.ndarray, "T"] | Int[np.ndarray, "N"]) -> "Poses":
        """Return the rows of a slice, a mask or positions."""
        if not isinstance(index, slice):
            index = np.asarray(index) if len(index) else np.zeros(0, dtype=int)
        arrays = {name: array[index] for name, array in self._per_keypoint().items()}
        sets = None if self.sets is None else tuple(np.array(self.sets, dtype=object)[index])
        extras = {name: array[index] for name, array in self.extras.items()}
        return dataclasses.replace(self, frames=self.frames[index], sets=sets, extras=extras, **arrays)

    def equals(self, other: "Poses") -> bool:
        """Return whether every value is the same, NaN equal to NaN."""
        if self.names != other.names or self.sets != other.sets or list(self.extras) != list(other.extras):
            return False
        pairs: list[tuple[Any, Any]] = [(self.frames, other.frames)]
        pairs += [(getattr(self, name), getattr(other, name)) for name in _ARRAYS]
        pairs += [(self.extras[name], other.extras[name]) for name in self.extras]
        return all(_same(a, b) for a, b in pairs)

    def _per_keypoint(self) -> dict[str, np.ndarray]:
        """Return the arrays that are not None, by field."""
        found = {name: getattr(self, name) for name in _ARRAYS}
        return {name: array for name, array in found.items() if array is not None}

    def _convert(self) -> None:
        """Give every field its type, as a frozen dataclass allows it."""

        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        put("names", tuple(str(name) for name in self.names))
        put("points", np.asarray(self.points, dtype=np.float64))
        frames = np.asarray(self.frames)
        if frames.dtype == object:
            frames = np.array(frames.tolist())
        put("frames", frames.astype(np.int64) if frames.dtype.kind in "iu" or frames.size == 0 else frames)
        for name in ("likelihood", "variance"):
            if getattr(self, name) is not None:
                put(name, np.asarray(getattr(self, name), dtype=np.float64))
        if self.visible is not None:
            put("visible", np.asarray(self.visible))
        if self.sets is not None:
            put("sets", tuple(str(name) for name in self.sets))
        put("extras", {str(name): np.asarray(array) for name, array in self.extras.items()})

    def _faults(self) -> list[str]:
        """Return what does not fit, in words."""
        faults = []
        if self.points.ndim != 3 or self.points.shape[2] not in (2, 3):
            return [f"points: expected shape (frames, keypoints, 2 or 3), got {self.points.shape}"]
        if self.points.shape[1] != len(self.names):
            faults.append(f"names: {len(self.names)} for {self.points.shape[1]} keypoints")
        faults += [f"names: '{name}' occurs twice" for name in _repeated(self.names)]
        faults += [
            f"names: {name!r} is empty or has a line break"
            for name in (*self.names, *self.extras)
            if not name or "\n" in name or "\r" in name
        ]
        faults += [
            f"extras: '{name}' is the name of another column" for name in self.extras if name in _RESERVED
        ]
        if self.frames.ndim != 1 or len(self.frames) != len(self.points):
            faults.append(f"frames: shape {self.frames.shape} for {len(self.points)} rows")
        if self.frames.dtype.kind not in "iU":
            faults.append(f"frames: expected integers or strings, got {self.frames.dtype}")
        if np.isinf(self.points).any():
            faults.append("points: infinite coordinates; a missing point is NaN")
        for name, array in {**self._per_keypoint(), **self.extras}.items():
            expected = self.points.shape if name in ("points", "variance") else self.points.shape[:2]
            if array.shape != expected:
                faults.append(f"{name}: expected shape {expected}, got {array.shape}")
        if self.visible is not None and not np.isin(self.visible, (IGNORED, OCCLUDED, VISIBLE)).all():
            faults.append("visible: expected 0 (ignore), 1 (occluded) or 2 (visible)")
        if self.sets is not None and len(self.sets) != len(self.points):
            faults.append(f"sets: {len(self.sets)} for {len(self.points)} rows")
        return faults


_ARRAYS = ("points", "likelihood", "variance", "visible")
_RESERVED = {"x", "y", "z", "likelihood", "visible", *(f"{axis}_posterior_var" for axis in "xyz")}


def stack_views(views: Mapping[str, Poses]) -> Float[np.ndarray, "V T K D"]:
    """Stack the points of several views after checking that they show the same keypoints in the same frames.

    Frame numbers must be equal. Paths of images must have the same file name in each row, and, where the
    folders end in the views, the same session.

    Raises:
        DataError: when keypoints, row counts or frames differ; every fault listed with its view and row.
    """
    faults = view_faults(views)
    if faults:
        raise_collected(DataError, "the views do not belong together", faults)
    return np.stack([poses.points for poses in views.values()])


def view_faults(views: Mapping[str, Poses]) -> list[str]:
    """Return in what the views differ from the first of them; empty when they belong together."""
    if not views:
        return ["no views"]
    (first_view, first), *others = views.items()
    faults = []
    for view, poses in others:
        who = f"view '{view}' against '{first_view}'"
        if poses.names != first.names:
            faults.append(f"{who}: {_difference(first.names, poses.names)}")
        if len(poses) != len(first):
            faults.append(f"{who}: {len(poses)} rows against {len(first)}")
        elif not _frames_agree(first, poses):
            faults += [f"{who}: {text}" for text in _frame_faults(first_view, first, view, poses)]
    return faults


def shorten(faults: list[str]) -> list[str]:
    """Return the first faults and the number of the others, so that a message can be read."""
    if len(faults) <= LISTED_FAULTS:
        return faults
    return [*faults[:LISTED_FAULTS], f"and {len(faults) - LISTED_FAULTS} more"]


def _frames_agree(first: Poses, other: Poses) -> bool:
    """Return whether the frames are the same numbers, or the same paths; paths may still agree otherwise."""
    return first.frames.dtype.kind == other.frames.dtype.kind and np.array_equal(first.frames, other.frames)


def _frame_faults(view_a: str, a: Poses, view_b: str, b: Poses) -> list[str]:
    """Return the rows whose frames differ."""
    faults = []
    for row, (one, two) in enumerate(zip(a.frames.tolist(), b.frames.tolist(), strict=True)):
        if isinstance(one, str) and isinstance(two, str) and _same_moment(one, view_a, two, view_b):
            continue
        if one != two:
            faults.append(f"row {row + 1} is {two} against {one}")
    return shorten(faults)


def _same_moment(one: str, view_a: str, two: str, view_b: str) -> bool:
    """Return whether two images of two views can be of the same moment."""
    name_a, name_b = (image.replace("\\", "/").rpartition("/")[2] for image in (one, two))
    if name_a != name_b:
        return False
    bare_a, bare_b = image_session(one), image_session(two)
    session_a, session_b = image_session(one, view_a), image_session(two, view_b)
    # a folder that does not end in its view says nothing of the session, as other tools allow it
    return session_a in (session_b, bare_a) or session_b == bare_b


def _difference(expected: Sequence[str], got: Sequence[str]) -> str:
    """Say how two lists of keypoints differ."""
    lacking = [name for name in expected if name not in got]
    added = [name for name in got if name not in expected]
    if not lacking and not added:
        return f"keypoints are in another order: {', '.join(got)} against {', '.join(expected)}"
    parts = [f"lacks keypoints {', '.join(lacking)}"] if lacking else []
    parts += [f"has keypoints {', '.join(added)} in addition"] if added else []
    return " and ".join(parts)


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if list(names).count(name) > 1})


def _same(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    if a is None or b is None:
        return a is b
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f" and b.dtype.kind == "f")
