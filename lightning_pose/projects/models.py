"""The models of a project as their folders tell: whole, half-written, of another program, or gone by now.

Only small files are read, and nothing of torch: two hundred models are listed while one waits.
"""

import json
import os
import shutil
import time
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from lightning_pose.core.errors import DataError
from lightning_pose.core.files import write_text

CONFIG, ENSEMBLE, STATUS, SPLIT = "config.yaml", "ensemble.yaml", "train_status.json", "split.csv"
LOGS, NOTE, MODELS = "tb_logs", "note.txt", "models"
ASKED = "train.yaml"  # what the app was asked to train
TRASH = Path(".litpose") / "trash"
DEPTH = 4  # folders below the one that is looked through: outputs/<date>/<time>, and one for order
NO_MODELS = frozenset((
    "labeled-data", "videos", "videos_test", "calibrations", "extracted", "truth", "video_preds", "logs",
))  # fmt: skip
FRESH = 120.0  # seconds since a training that is no job of ours last said that it lives
YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where it was compiled

State = Literal["waiting", "training", "done", "stopped", "failed", "unfinished", "gone"]
STATES = {"COMPLETED": "done", "INTERRUPTED": "stopped", "FAILED": "failed"}


class Model(NamedTuple):
    """What is known of a model; a member of an ensemble is one too.

    Attributes:
        folder: its own.
        name: the folder, relative to where it was looked for.
        state: of its training; `unfinished` is a folder in which nothing was trained yet, or not to the end.
        changed: when its training last got on, in seconds of Unix time.
        members: of an ensemble, by name; empty for a single network.
        backbone: and the next three, of its configuration; empty where that cannot be read.
        model_type: how views are looked at.
        image_size: height and width of its images, px.
        steps: done, and in all.
        sets: instants that train, validate and test it.
        fault: what is wrong with its folder, for people.
        views: that it looks at; none where there is a single one.
    """

    folder: Path
    name: str
    state: State
    changed: float
    members: tuple[str, ...] = ()
    backbone: str = ""
    model_type: str = ""
    image_size: tuple[int, int] | None = None
    steps: tuple[int, int] | None = None
    sets: dict[str, int] = {}  # noqa: RUF012  never changed
    fault: str = ""
    views: tuple[str, ...] = ()

    @property
    def folders(self) -> list[Path]:
        """Where its networks are: its own folder, or those of its members."""
        return [self.folder / member for member in self.members] or [self.folder]

    @property
    def note(self) -> str:
        """What somebody wrote about it."""
        try:
            return (self.folder / NOTE).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""


def models_home(project: Path, root: Path | None = None) -> Path:
    """Return where new models of a project go: `models/` in it, or in the folder that holds both."""
    beside = None if root is None else root / MODELS
    return beside if beside is not None and beside.is_dir() else project / MODELS


def find_models(root: Path) -> list[Path]:
    """Return the folders of models below a folder, an ensemble as one; the last that was begun first."""
    found = list(_walk(root, DEPTH))
    return sorted(found, key=lambda folder: (-_time(_config_of(folder)), folder))


def list_models(root: Path, alive: Collection[Path] = (), waiting: Collection[Path] = ()) -> list[Model]:
    """Return what is known of every model below a folder.

    Args:
        root: where to look.
        alive: folders that a job trains now.
        waiting: folders that a job will train.
    """
    return [read_model(folder, root, alive, waiting) for folder in find_models(root)]


def read_model(
    folder: Path, root: Path, alive: Collection[Path] = (), waiting: Collection[Path] = ()
) -> Model:
    """Return what is known of a model; the arguments are those above."""
    name = Path(os.path.relpath(folder, root)).as_posix()
    if not folder.is_dir():
        return Model(folder, name, "gone", 0.0, fault="its folder is not there any more")
    members, fault = _members(folder)
    if not members:
        return _single(folder, name, alive, waiting)._replace(**({"fault": fault} if fault else {}))
    parts = [_single(folder / member, member, alive, waiting) for member in members]
    absent = [part.name for part in parts if part.state in ("gone", "unfinished")]
    order: tuple[State, ...] = ("training", "waiting", "failed", "stopped", "unfinished", "gone", "done")
    first = parts[0]
    return first._replace(
        folder=folder,
        name=name,
        members=members,
        state=next(state for state in order if any(part.state == state for part in parts)),
        changed=max(part.changed for part in parts),
        steps=_summed([part.steps for part in parts]),
        fault=f"not trained: {', '.join(absent)}" if absent else first.fault,
    )


def write_note(folder: Path, text: str) -> None:
    """Keep what somebody writes about a model.

    Raises:
        DataError: when the folder is not there any more, or cannot be written.
    """
    if not folder.is_dir():
        raise DataError(f"{folder.name}: the folder of this model is not there any more")
    try:
        write_text(folder / NOTE, text.strip() + "\n")
    except OSError as error:
        raise DataError(f"{folder / NOTE}: cannot be written ({error})") from error


def discard_model(folder: Path, project: Path) -> Path:
    """Move a model out of the way, into `.litpose/trash` of the project, and return where it is.

    Raises:
        DataError: when it is no model, leads out of its place by a link, or cannot be moved.
    """
    if not _is_model(folder) or folder.is_symlink():
        raise DataError(f"{folder} is no folder of a model, so it is not moved")
    target = project / TRASH / f"{time.strftime('%Y-%m-%d_%H-%M-%S')}_{folder.name}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, target)
    except OSError as error:
        raise DataError(f"{folder.name}: cannot be moved to {target} ({error})") from error
    return target


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the folders of models below a folder; what holds recordings or is hidden is passed over."""
    try:
        inside = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return
    for name in inside:
        if name.startswith(".") or name in NO_MODELS:
            continue
        if _is_model(folder / name):
            yield folder / name
        elif depth > 1:
            yield from _walk(folder / name, depth - 1)


def _is_model(folder: Path) -> bool:
    """Return whether a folder is that of a model or an ensemble, also of one that is hardly begun."""
    if (folder / ENSEMBLE).is_file():
        return True
    if (folder / ASKED).is_file():
        return True
    return (folder / CONFIG).is_file() and any((folder / sign).exists() for sign in (LOGS, STATUS))


def _members(folder: Path) -> tuple[tuple[str, ...], str]:
    """Return the members of an ensemble, none for a single model, and what is wrong with the list."""
    path = folder / ENSEMBLE
    if not path.is_file():
        return (), ""
    names = _yaml(path).get("members")
    if not isinstance(names, list) or not names:
        return (), f"{ENSEMBLE} names no members"
    return tuple(str(name) for name in names), ""


def _single(folder: Path, name: str, alive: Collection[Path], waiting: Collection[Path]) -> Model:
    """Return what is known of one network."""
    if not folder.is_dir():
        state: State = "waiting" if folder in waiting else "gone"
        return Model(folder, name, state, 0.0, fault="its folder is not there")
    status, config = _json(folder / STATUS), read_config(folder)
    progress = _section(status, "progress")
    now, total = _whole(progress.get("completed")), _whole(progress.get("total"))
    state = _state(folder, str(status.get("status", "")), _time(folder / STATUS))
    state = "waiting" if folder in waiting else "training" if folder in alive else state
    training, model, data = (_section(config, name) for name in ("training", "model", "data"))
    total = total or _whole(training.get("max_steps"))
    size = _section(data, "image_resize_dims")
    sides = _whole(size.get("height")), _whole(size.get("width"))
    return Model(
        folder,
        name,
        state,
        max(_time(folder / STATUS), _time(_config_of(folder))),
        backbone=str(model.get("backbone") or ""),
        model_type=str(model.get("model_type") or ""),
        image_size=sides if all(sides) else None,
        steps=(now, total) if total else None,
        sets=_sets(folder / SPLIT, _time(folder / SPLIT)),
        fault="" if config else f"{CONFIG} cannot be read",
        views=tuple(map(str, views)) if isinstance(views := data.get("view_names"), list) else (),
    )


def _state(folder: Path, said: str, when: float) -> State:
    """Return how a training ended, if no job of ours goes on with it."""
    if said in STATES:
        return STATES[said]  # type: ignore[return-value]
    if said:  # it trains, in a terminal perhaps, or was killed
        return "training" if time.time() - when < FRESH else "stopped"
    return "done" if any(folder.glob(f"{LOGS}/*/version_*/checkpoints/*.ckpt")) else "unfinished"


def _config_of(folder: Path) -> Path:
    """Return the configuration of a model, or what it was asked for before it had one."""
    names = (CONFIG, ASKED, ENSEMBLE)
    return next((folder / name for name in names if (folder / name).is_file()), folder / CONFIG)


def read_config(folder: Path) -> dict[str, Any]:
    """Return the configuration of a model as it lies there; empty where it cannot be read."""
    path = _config_of(folder)
    return _known_yaml(path, _time(path))


@lru_cache(maxsize=1024)
def _known_yaml(path: Path, changed: float) -> dict[str, Any]:
    return _yaml(path)


@lru_cache(maxsize=1024)
def _sets(path: Path, changed: float) -> dict[str, int]:
    """Return how many instants are in each set, by the last column of the split."""
    counts: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8") as file:
            next(file)
            for line in file:
                name = line.rstrip().rpartition(",")[2]
                counts[name] = counts.get(name, 0) + 1
    except (OSError, UnicodeDecodeError, StopIteration):
        return {}
    return counts


def _yaml(path: Path) -> dict[str, Any]:
    try:
        record = yaml.load(path.read_text(encoding="utf-8"), Loader=YAML)  # a safe one
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return record if isinstance(record, dict) else {}


def _json(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _section(record: dict[str, Any], name: str) -> dict[str, Any]:
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _summed(steps: list[tuple[int, int] | None]) -> tuple[int, int] | None:
    known = [each for each in steps if each is not None]
    return (sum(done for done, _ in known), sum(total for _, total in known)) if known else None


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
