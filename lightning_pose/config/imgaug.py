"""A table of imgaug transforms, as Lightning Pose reads it, in the terms of `training.augment`."""

from collections.abc import Callable, Mapping
from typing import Any

from lightning_pose.config.bind import nearest
from lightning_pose.config.schema import AugmentConfig

Options = dict[str, Any]  # keys of `training.augment`, and `imgaug_hflip`
_OWN = AugmentConfig()
P = 0.5  # probability of a transform that names none


def translate_imgaug(table: Mapping[str, Any]) -> tuple[dict[str, Options], list[str]]:
    """Return what every transform becomes here (nothing, where there is no counterpart), and what is wrong.

    Args:
        table: `{Transform: {p, args, kwargs}}`, the names those of imgaug.
    """
    found, faults = {}, []
    for name, entry in table.items():
        if name not in TRANSFORMS:
            near = nearest(name, TRANSFORMS)
            guess = f"; did you mean {near}?" if near else ""
            known = ", ".join(TRANSFORMS)
            faults.append(f"training.imgaug.{name}: this transform is not known; known are {known}{guess}")
            continue
        try:
            found[name] = TRANSFORMS[name](_Entry(entry))
        except (TypeError, ValueError, KeyError) as error:
            faults.append(
                f"training.imgaug.{name}: expected p, args and kwargs with numbers, got {entry} ({error})"
            )
    return found, faults


class _Entry:
    """The options of one transform."""

    def __init__(self, entry: Mapping[str, Any] | None) -> None:
        entry = entry or {}
        self.p = float(entry.get("p", P))
        self.args, self.kwargs = list(entry.get("args") or []), dict(entry.get("kwargs") or {})
        unknown = set(entry) - {"p", "args", "kwargs"}
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")

    def range(self, key: str, *, place: int | None = None) -> tuple[float, float] | None:
        """Return the smallest and the largest value of an option, None where it is not given."""
        value = self.kwargs.get(key)
        if value is None and place is not None and len(self.args) > place:
            value = self.args[place]
        numbers = _numbers(value)
        return (min(numbers), max(numbers)) if numbers else None

    def reach(self, key: str, *, place: int | None = None) -> float:
        """Return how far an option goes from 0, either way."""
        found = self.range(key, place=place)
        return 0.0 if found is None else max(abs(found[0]), abs(found[1]))


def _numbers(value: Any) -> list[float]:
    """Return all numbers in a number, a list of them, or a list per axis."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [number for part in value.values() for number in _numbers(part)]
    if isinstance(value, list | tuple):
        return [number for part in value for number in _numbers(part)]
    return [float(value)]


def _affine(entry: _Entry) -> Options:
    """Rotation, scale and shift; shear has no counterpart."""
    scale = entry.range("scale") or (1.0, 1.0)
    zoom = max(scale[1] - 1, 1 / scale[0] - 1 if scale[0] > 0 else 0.0, 0.0)
    options = {"rotation": entry.reach("rotate"), "zoom": zoom, "shift": entry.reach("translate_percent")}
    return {key: round(value, 6) for key, value in options.items() if value}


def _crop(entry: _Entry) -> Options:
    """Cropping c of every side enlarges by up to 1 / (1 - 2 c) and shifts by up to c."""
    c = entry.reach("percent", place=1)
    return {"zoom": round(2 * c, 6), "shift": c} if c else {}


def _turn(entry: _Entry) -> Options:
    """Right angles; `k` counts them."""
    quarters = _numbers(entry.kwargs.get("k", entry.args[0] if entry.args else [0, 1, 2, 3]))
    return {"right_angles": sorted({round(k) % 4 * 90 for k in quarters} | ({0} if entry.p < 1 else set()))}


def _of(key: str) -> Callable[[_Entry], Options]:
    """Return a translation to a probability of ours."""
    return lambda entry: {key: entry.p}


def _default(key: str) -> Callable[[_Entry], Options]:
    """Return a translation to what is the default here: its numbers mean something else there."""
    return lambda entry: {key: getattr(_OWN, key)} if entry.p else {}


def _nothing(entry: _Entry) -> Options:
    """Say that there is no counterpart."""
    return {}


TRANSFORMS: dict[str, Callable[[_Entry], Options]] = {
    "Affine": _affine,
    "Rotate": lambda entry: {"rotation": entry.reach("rotate", place=0)},
    "Rot90": _turn,
    "CropAndPad": _crop,
    "Crop": _crop,
    "Pad": _crop,
    "Fliplr": lambda entry: {"imgaug_hflip": bool(entry.args[0] if entry.args else entry.p)},
    **dict.fromkeys(("MotionBlur", "GaussianBlur", "AverageBlur", "MedianBlur"), _of("blur")),
    **dict.fromkeys(("CoarseDropout", "CoarseSalt", "CoarsePepper", "Cutout"), _of("erasing")),
    **dict.fromkeys(
        ("AdditiveGaussianNoise", "AdditiveLaplaceNoise", "Dropout", "Salt", "Pepper", "SaltAndPepper"),
        _default("noise"),
    ),
    **dict.fromkeys(
        ("LinearContrast", "GammaContrast", "HistogramEqualization", "AllChannelsHistogramEqualization",
         "CLAHE", "AllChannelsCLAHE"), _default("contrast"),
    ),
    **dict.fromkeys(
        ("Add", "Multiply", "MultiplyBrightness", "MultiplyAndAddToBrightness"), _default("brightness")
    ),
    **dict.fromkeys(("AddToHueAndSaturation", "Grayscale", "MultiplyHueAndSaturation"), _default("colour")),
    **dict.fromkeys(
        ("ElasticTransformation", "PiecewiseAffine", "PerspectiveTransform", "Emboss", "Sharpen", "Resize"),
        _nothing,
    ),
}  # fmt: skip
