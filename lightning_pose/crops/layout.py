"""Where the files of crop and zoom are in a model's folder: the places that Lightning Pose has for them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import yaml

from lightning_pose.core.errors import DataError, ModelError, raise_collected
from lightning_pose.core.naming import image_file, split_seed
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import VIDEO_SUFFIXES
from lightning_pose.core.sessions import videos_in

BBOX = "_bbox.csv"


class CropLayout(NamedTuple):
    """The files that belong to a video, or to a label file, in the folder of the detector's model."""

    model_dir: Path

    @classmethod
    def open(cls, model_dir: Path) -> "CropLayout":
        """Return the files of a model's folder.

        Raises:
            ModelError: when there is no such folder.
        """
        if not model_dir.is_dir():
            raise ModelError(f"{model_dir}: expected the folder of a model, there is no such folder")
        return cls(model_dir)

    @property
    def images(self) -> Path:
        """Folder of cropped images; below it they are named as the labels name them."""
        return self.model_dir / "cropped_images"

    @property
    def videos(self) -> Path:
        """Folder of cropped videos."""
        return self.model_dir / "cropped_videos"

    def predictions(self, file: Path) -> list[Path]:
        """Return what the detector says: one table, or one for each member of an ensemble.

        Raises:
            DataError: when there is none.
        """
        if is_table(file):
            expected = self._of_labels(file) / "predictions.csv"
        else:
            expected = self.model_dir / "video_preds" / f"{file.stem}.csv"
        found = [expected] if expected.is_file() else []
        if not found and not is_table(file):
            members = sorted(expected.parent.glob("*.csv"))
            found = [path for path in members if split_seed(path.stem)[0] == file.stem]
        if not found:
            raise DataError(
                f"{file} has no predictions: expected {expected}. "
                f"`litpose predict {self.model_dir} {file}` makes them"
            )
        return found

    def boxes(self, file: Path, folder: Path | None = None) -> Path:
        """Return the file of boxes, in another folder if one is given.

        There the boxes of labels are `bbox.csv`, as with Lightning Pose, or, with several label files,
        `<label file>/bbox.csv`.
        """
        if not is_table(file):
            return (folder or self.model_dir / "video_preds") / f"{file.stem}{BBOX}"
        if folder is None:
            return self._of_labels(file) / "bbox.csv"
        own = folder / file.name / "bbox.csv"
        return own if own.is_file() else folder / "bbox.csv"

    def cropped(self, file: Path) -> Path:
        """Return the cropped video, or the labels on the cropped images."""
        folder = self._of_labels(file) if is_table(file) else self.videos
        return folder / f"cropped_{file.name if is_table(file) else file.with_suffix('.mp4').name}"

    def image_folder(self, file: Path, labels: Poses) -> Path:
        """Return the folder that a label file's images are below: its own, or the model's project.

        Raises:
            DataError: when the first image is in neither.
        """
        image = str(labels.frames[0])
        folders = [file.parent, *self._data_dirs()]
        for folder in folders:
            if image_file(folder, image).is_file():
                return folder
        looked = ", ".join(str(folder) for folder in dict.fromkeys(folders))
        raise DataError(f"{file}: its first image, {image}, is not there; looked in {looked}")

    def _of_labels(self, file: Path) -> Path:
        return self.model_dir / "image_preds" / file.name

    def _data_dirs(self) -> list[Path]:
        """Return the project that the model was trained on, as far as its configuration says."""
        for path in (self.model_dir / "config.yaml", *sorted(self.model_dir.glob("*/config.yaml"))):
            if path.is_file():
                record = yaml.safe_load(path.read_text(encoding="utf-8"))
                data = record.get("data") if isinstance(record, dict) else None
                if isinstance(data, dict) and isinstance(data.get("data_dir"), str):
                    return [Path(data["data_dir"])]
        return []


def is_table(file: Path) -> bool:
    """Return whether a file is a label file, not a video."""
    return file.suffix.lower() == ".csv"


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return videos and label files; a folder stands for the videos in it.

    Raises:
        DataError: when a path leads to none; all listed.
    """
    found, faults = [], []
    for path in paths:
        inside = videos_in(path) if path.is_dir() else [path]
        if not inside:
            faults.append(f"{path}: no videos ({', '.join(VIDEO_SUFFIXES)}) in this folder")
        elif not path.exists():
            faults.append(f"{path}: there is no such file or folder")
        elif not path.is_dir() and not is_table(path) and path.suffix.lower() not in VIDEO_SUFFIXES:
            faults.append(f"{path}: expected a video ({', '.join(VIDEO_SUFFIXES)}) or a label file (.csv)")
        found += inside
    if faults:
        raise_collected(DataError, "this cannot be cropped", faults)
    return list(dict.fromkeys(found))
