"""Writes a rendered world as a project: videos, labels, calibrations, and the truth beside them."""

import dataclasses
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Int, UInt8

from lightning_pose.core.errors import DataError, PoseError
from lightning_pose.core.files import atomic_path, write_json
from lightning_pose.core.naming import IMAGE_FOLDER, image_name
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import LABELS, PROJECT_FILE, VIDEO_FOLDER, Project, save_project
from lightning_pose.core.tables import write_poses
from lightning_pose.core.video import VideoWriter
from lightning_pose.synthetic.animal import KEYPOINTS, SKELETON
from lightning_pose.synthetic.render import Renderer
from lightning_pose.synthetic.session import Session, SynthConfig, make_session, stream

SCORER = "synthetic"
RECORD = "truth/synthetic.json"
TEST_VIDEOS = "videos_test"
_FOLDERS = (IMAGE_FOLDER, VIDEO_FOLDER, TEST_VIDEOS, "calibrations", "truth")

Progress = Callable[[int, int], None]
Job = tuple[SynthConfig, Path, int, int]


def write_project(
    out_dir: Path | str,
    config: SynthConfig,
    progress: Progress | None = None,
    *,
    workers: int | None = None,
    overwrite: bool = False,
) -> Path:
    """Render all sessions into a project folder; the pixels do not depend on the number of workers.

    With several workers the calling script needs Python's usual `if __name__ == "__main__":`, since they are
    fresh processes.

    Args:
        out_dir: folder to fill.
        config: what to render.
        progress: called with the number of images done and to do.
        workers: processes; one for every processor by default, 1 to render in this process.
        overwrite: replace what an earlier call has written there.

    Returns:
        The folder.

    Raises:
        DataError: when the folder is not empty, or, with `overwrite`, was not written by this function.
    """
    folder = Path(out_dir)
    _claim(folder, overwrite)
    sessions = range(len(config.names))
    write_json(folder / RECORD, dataclasses.asdict(config))
    labels = [_write_tables(folder, config, _session(config, index)) for index in sessions]
    jobs = [(config, folder, index, view) for index in sessions for view in range(config.views)]
    _render_all(jobs, progress or (lambda done, total: None), workers or _processors())
    for view, name in enumerate(_views(config)):
        if config.sessions and config.labels:
            write_poses(folder / f"{_stem(LABELS, name)}.csv", _join([rows[view] for rows in labels if rows]))
    # Last, for it is what makes the folder a project.
    save_project(Project(folder, tuple(filter(None, _views(config))), SKELETON, {}))
    return folder


def label_instants(config: SynthConfig, index: int) -> Int[np.ndarray, " N"]:
    """Return the frames of a session that are labeled: evenly spread, none in a test session."""
    count = config.labels if index < config.sessions else 0
    return ((np.arange(count) + 0.5) * config.length(index) / max(count, 1)).astype(int)


def _claim(folder: Path, overwrite: bool) -> None:
    """Make sure that the folder is ours to fill."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not overwrite:
        raise DataError(
            f"{folder}: expected an empty or new folder. Name another, or replace a rendered project in it "
            "with --overwrite."
        )
    if not (folder / RECORD).is_file():
        raise DataError(
            f"{folder}: was not rendered ({RECORD} is missing), so nothing in it is overwritten. "
            "Name another folder."
        )
    for name in _FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    for path in (folder / PROJECT_FILE, *folder.glob(f"{LABELS}*.csv")):
        path.unlink(missing_ok=True)


def _views(config: SynthConfig) -> tuple[str, ...]:
    """Return the names of the views in file names: one empty name where there is a single view."""
    return tuple(f"cam{view}" for view in range(config.views)) if config.views > 1 else ("",)


def _stem(session: str, view: str) -> str:
    """Return the stem of a view's files."""
    return f"{session}_{view}" if view else session


@lru_cache(maxsize=2)
def _session(config: SynthConfig, index: int) -> Session:
    """Simulate a session, kept for its other views."""
    return make_session(config, index)


def _write_tables(folder: Path, config: SynthConfig, session: Session) -> list[Poses]:
    """Write a session's calibration and truth; return its labels, one per view."""
    truth, labels = session.truth, []
    truth.rig.save(folder / "calibrations" / f"{session.name}.toml")
    write_poses(folder / "truth" / f"{session.name}_3d.csv", truth.poses, scorer=SCORER)
    rng = stream(config.seed, "labels", session.index)
    instants = label_instants(config, session.index)
    for camera, view in zip(truth.rig.names, _views(config), strict=True):
        exact = truth.view(camera)
        write_poses(folder / "truth" / f"{_stem(session.name, view)}.csv", exact, scorer=SCORER)
        if len(instants):
            paths = [image_name(session.name, view, frame) for frame in instants.tolist()]
            labels.append(_label(exact.rows(instants), paths, config, rng))
    return labels


def _label(exact: Poses, paths: list[str], config: SynthConfig, rng: np.random.Generator) -> Poses:
    """Return the truth as somebody labels it: with noise, and without what is outside the image."""
    noise = rng.normal(0, config.label_noise, exact.points.shape)
    points = np.clip(exact.points + noise, 0, np.array(config.size) - 1)  # nobody clicks beside the image
    assert exact.visible is not None
    points[exact.visible == 0] = np.nan
    visible = exact.visible if config.visible_column else None
    return Poses(KEYPOINTS, points, np.array(paths), visible=visible, scorer=SCORER)


def _join(rows: list[Poses]) -> Poses:
    """Put the labels of several sessions under each other."""
    parts: dict[str, Any] = {
        name: np.concatenate([getattr(poses, name) for poses in rows]) for name in ("points", "frames")
    }
    if rows[0].visible is not None:
        parts["visible"] = np.concatenate([poses.visible for poses in rows if poses.visible is not None])
    return dataclasses.replace(rows[0], **parts)


def _processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_done: Any = None  # in a worker: the number of images that all workers have rendered
_stop: Any = None  # in a worker: set when the caller gives up


def _enter_worker(done: Any, stop: Any) -> None:
    """Prepare a worker: it shares count and stop, and leaves the other processors to the other workers."""
    global _done, _stop
    _done, _stop = done, stop
    cv2.setNumThreads(1)


def _render_all(jobs: list[Job], progress: Progress, workers: int) -> None:
    """Render every view of every session, here or in other processes, and report the images done.

    Raises:
        PoseError: when a worker was killed.
    """
    total = sum(config.length(index) for config, _, index, _ in jobs)
    progress(0, total)
    if workers == 1 or len(jobs) == 1:
        for done, _ in enumerate((image for job in jobs for image in _render_view(*job)), start=1):
            progress(done, total)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of the caller's threads
    done, stop = context.Value("q", 0), context.Event()
    pool = ProcessPoolExecutor(min(workers, len(jobs)), context, _enter_worker, (done, stop))
    try:
        with _interrupts_ignored():
            waiting = {pool.submit(_render_job, job) for job in jobs}
        while waiting:
            finished, waiting = wait(waiting, timeout=0.2, return_when=FIRST_EXCEPTION)
            for future in finished:
                future.result()
            progress(done.value, total)
    except BrokenProcessPool as error:
        raise PoseError(
            "a rendering process was killed, perhaps for want of memory: use fewer --workers"
        ) from error
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Start processes that leave Ctrl-C to this one, which then stops them in good order."""
    if threading.current_thread() is not threading.main_thread():  # where signals cannot be set
        yield
        return
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


def _render_job(job: Job) -> None:
    """Render one view of one session in a worker; when told to stop, leave no file."""
    with closing(_render_view(*job)) as images:
        for _ in images:
            with _done.get_lock():
                _done.value += 1
            if _stop.is_set():
                return


def _render_view(config: SynthConfig, folder: Path, index: int, view: int) -> Generator[int, None, None]:
    """Write the video and the labeled images of one view of one session; yield after every frame."""
    session = _session(config, index)
    name = _views(config)[view]
    stem = _stem(session.name, name)
    renderer = Renderer(session, view, config.seed)
    labeled = set(label_instants(config, index).tolist())
    where = VIDEO_FOLDER if index < config.sessions else TEST_VIDEOS
    width, height = config.size
    with VideoWriter(folder / where / f"{stem}.mp4", width, height, config.fps, crf=config.crf) as writer:
        for frame in range(len(renderer)):
            image = renderer.render(frame)
            writer.write(image)
            if frame in labeled:
                _write_image(folder / image_name(session.name, name, frame), image)
            yield frame


def _write_image(path: Path, image: UInt8[np.ndarray, "H W 3"]) -> None:
    """Write an RGB image as PNG, atomically.

    Raises:
        OSError: when the file cannot be written.
    """
    encoded = cv2.imencode(".png", image[..., ::-1])[1]
    with atomic_path(path) as temporary:
        temporary.write_bytes(encoded.tobytes())
