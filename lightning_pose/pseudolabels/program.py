"""From smoothed trajectories of unlabeled video to a project with more labels, and its configuration."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lightning_pose.build.data import build_split_rule, context_frames
from lightning_pose.config import Config, csv_paths, load_config, save_config
from lightning_pose.core.errors import ConfigError, DataError, raise_collected
from lightning_pose.core.files import write_text
from lightning_pose.core.naming import group_by_session
from lightning_pose.core.project import Project, open_project
from lightning_pose.core.sessions import videos_in
from lightning_pose.data.split import split
from lightning_pose.pseudolabels.output import SPLIT_FILE, Progress, claim, write_images, write_labels
from lightning_pose.pseudolabels.selection import Options, choose_frames
from lightning_pose.pseudolabels.smoothed import read_smoothed
from lightning_pose.recommend.facts import inspect_project
from lightning_pose.recommend.machine import inspect_machine
from lightning_pose.recommend.render import CONFIG_NAME, render, report
from lightning_pose.recommend.rules import Choice, recommend


class Summary(NamedTuple):
    """What was made.

    Attributes:
        config: the configuration that trains on it.
        chosen: pseudo-labeled frames of each session.
        candidates: frames that were certain enough.
        points: share of the points in the chosen frames that got a label.
        weight: mean weight of these labels.
        human: labeled instants of people.
    """

    config: Path
    chosen: dict[str, int]
    candidates: int
    points: float
    weight: float
    human: int


def pseudolabel(
    project_dir: Path,
    sources: Sequence[str],
    output: Path,
    options: Options | None = None,
    *,
    videos: Path | None = None,
    config: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Make a project of the human labels and of the most certain, most different smoothed frames.

    The project itself is only read. Held-out labels stay held out: pseudo-labels train only, and are of no
    frame that a person has labeled or that is beside a held-out label.

    Args:
        project_dir: with the human labels.
        sources: output folders of `eks`; see `read_smoothed`.
        output: folder of the new project.
        options: what to choose.
        videos: folder of the videos; those of the project where it is None.
        config: that the new project is to be trained with; recommended where it is None.
        resume: go on with an interrupted call of the same settings.
        overwrite: replace what an earlier call has written.
        progress: told (images done, all images).

    Raises:
        PoseError: when inputs are missing or do not fit, options are out of range, or nothing is certain
            enough.
    """
    options = options or Options()
    options.check()
    project = open_project(project_dir)
    labels = project.read_labels()
    base = _base_config(config, project)
    frames = [[str(frame) for frame in poses.frames.tolist()] for poses in labels.values()]
    sets = split(frames, project.views, build_split_rule(base or Config())).tolist()
    found = project.videos() if videos is None else _videos(videos, project)
    smoothed = read_smoothed(sources, found, project.views, project.keypoint_names)
    chosen, candidates = choose_frames(smoothed, labels, sets, options)
    record = {
        "project": str(project.folder.resolve()),
        "smoothed": {item.session.name: str(source) for item, source in zip(smoothed, sources, strict=True)},
        "config": None if config is None else str(config.resolve()),
        **options._asdict(),
    }
    claim(output, project, record, resume=resume, overwrite=overwrite)
    context = 0 if base is None else context_frames(base)
    write_images(output, project, labels, chosen, context, progress or (lambda done, total: None))
    write_labels(output, project, labels, sets, chosen)
    folder = smoothed[0].session.videos[project.views[0]].resolve().parent
    weights = np.concatenate([item.weights.ravel() for item in chosen])
    counts = {item.smoothed.session.name: len(item.rows) for item in chosen}
    path = _write_config(output, base, folder, counts)
    load_config(path)
    used = weights > 0
    return Summary(path, counts, candidates, float(used.mean()), float(weights[used].mean()), len(sets))


def _base_config(path: Path | None, project: Project) -> Config | None:
    """Return the given configuration.

    Raises:
        ConfigError: when it cannot be used, is of other label files than the project's, or describes the
            cameras of each labeled image in a table, which says nothing of frames of videos.
    """
    if path is None:
        return None
    config = load_config(path).config
    files = {view: file.resolve() for view, file in csv_paths(config).items()}
    own = {view: file.resolve() for view, file in project.label_files.items()}
    if files != own:
        listed = ", ".join(map(str, files.values()))
        raise ConfigError(
            f"{path} trains on {listed}; expected the labels of the project, "
            + ", ".join(map(str, own.values()))
        )
    given = config.data.camera_params_file
    tables = {"camera_params_file": given and not given.endswith(".toml"), "bbox_file": config.data.bbox_file}
    faults = [
        f"data.{key}: a table of labeled images says nothing of frames of videos"
        for key in tables
        if tables[key]
    ]
    if faults and project.view_names:  # one view has no geometry
        raise_collected(ConfigError, str(path), [*faults, "calibrations/<session>.toml or one TOML does"])
    return config


def _videos(folder: Path, project: Project) -> dict[str, dict[str, Path]]:
    """Return session to view to video of another folder.

    Raises:
        DataError: when there is no such folder, or a video belongs to no view.
    """
    if not folder.is_dir():
        raise DataError(f"--videos: there is no folder {folder}")
    return group_by_session(videos_in(folder), project.views)


def _write_config(output: Path, base: Config | None, videos: Path, counts: Mapping[str, int]) -> Path:
    """Write the configuration of the new project: the given one, or a recommended one."""
    path = output / CONFIG_NAME
    if base is not None:
        project = open_project(output)
        if base.data.camera_params_file is not None:
            base.data.camera_params_file = str(Path(base.data.data_dir or ".") / base.data.camera_params_file)
        base.data.data_dir, base.data.video_dir = ".", str(videos)
        base.data.csv_file = [project.label_file(view).name for view in project.views]
        base.training.split_file = SPLIT_FILE
        base.training.val_frames = base.training.test_frames = None
        base.training.train_frames = 1  # the split has left out what was not to be used
        save_config(path, base)
        return path
    facts, machine = inspect_project(output)._replace(videos=tuple(counts)), inspect_machine()
    own = [
        Choice("data.video_dir", str(videos), "the videos are not copied"),
        Choice(
            "training.split_file", SPLIT_FILE, "pseudo-labels train only; human labels are divided as before"
        ),
    ]
    choices = [choice for choice in recommend(facts, machine) if choice.key != "training.split"]
    pseudo = ", ".join(f"{name} {count}" for name, count in counts.items())
    top = [
        "Written by `litpose pseudolabel`: human labels, and pseudo-labels that count by their variance",
        "",
    ]
    text = render([*choices, *own], [*top, *report(facts, machine)[1:], f"of these pseudo-labels: {pseudo}"])
    write_text(path, text)
    return path
