"""Small projects with label files, and operations on them."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.labels import LabelStore, Operation
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names

NAMES = ("nose", "paw", "tail")
ROWS = 4
Change = Callable[..., Operation]


def label_text(view: str, rows: int = ROWS, *, visible: bool = False, end: str = "\n") -> str:
    """A label file; row 1 has no labels at all, and the numbers are spelled as people and programs do."""
    coords = ("x", "y", "visible") if visible else ("x", "y")
    columns = [(name, coord) for name in NAMES for coord in coords]
    lines = [
        ["scorer", *("anna" for _ in columns)],
        ["bodyparts", *(name for name, _ in columns)],
        ["coords", *(coord for _, coord in columns)],
    ]
    for row in range(rows):
        image = f"labeled-data/{'_'.join(filter(None, ('s1', view)))}/img{row * 10:08d}.png"
        cells = []
        for k, _ in enumerate(NAMES):
            labeled = row != 1 and (row + k) % 3
            cells += [f"{10 * row + k}.50", f"{k}1"] if labeled else ["", ""]
            cells += ["2" if labeled else "0"] if visible else []
        lines.append([image, *cells])
    return "".join(",".join(line) + end for line in lines)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all label files."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}


def edit(path: Path, old: str, new: str) -> None:
    """Change a label file as another program does."""
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


def save(store: LabelStore, *operations: Operation, client: str = "tab") -> None:
    """Apply operations that nothing stands against."""
    results = store.apply(operations, who="anna", client=client)
    assert {result.status for result in results} == {"applied"}


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a project with label files."""

    def make(*views: str, rows: int = ROWS, visible: bool = False, end: str = "\n") -> Path:
        folder = tmp_path / "project"
        create_project(folder, views, skeleton_from_names(NAMES, [("nose", "tail")]))
        for view in views or ("",):
            path = folder / ("_".join(filter(None, ("CollectedData", view))) + ".csv")
            path.write_bytes(label_text(view, rows, visible=visible, end=end).encode())
        return folder

    return make


@pytest.fixture
def two_views(make_project: Callable[..., Path]) -> Path:
    return make_project("cam1", "cam2")


@pytest.fixture
def store(two_views: Path) -> Iterator[LabelStore]:
    """A store whose commits do not wait for the disk."""
    with LabelStore.open(two_views) as opened:
        opened._link.execute("PRAGMA synchronous = OFF")
        yield opened


@pytest.fixture
def change(store: LabelStore) -> Change:
    """Return a function that makes an operation on a frame given by its row."""
    return maker(store)


def maker(store: LabelStore) -> Change:
    """Return a function that makes operations with ids of their own."""
    count, ids = itertools.count(), store.frames().id

    def make(
        row: int, view: str, keypoint: str, x: float | None = None, y: float | None = None, **other: object
    ):
        values = {
            "id": f"op{next(count)}", "frame": ids[row], "view": view, "keypoint": keypoint, "x": x, "y": y,
            "state": "unlabeled" if x is None else "visible", "origin": "manual", "base": 0,
        }  # fmt: skip
        return Operation(**(values | other))

    return make


@pytest.fixture
def make_operations() -> Callable[[LabelStore], Change]:
    return maker
