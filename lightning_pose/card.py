"""What a model is, on one page: for people as Markdown, for programs as JSON."""

import csv
import math
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lightning_pose.config import Config
from lightning_pose.core.files import hash_file, write_json, write_text
from lightning_pose.core.naming import image_session
from lightning_pose.core.shell import DISTRIBUTION
from lightning_pose.data.split import read_split
from lightning_pose.model_dir import (
    CALIBRATION_FILE,
    SPLIT_FILE,
    SUMMARY_FILE,
    ModelDir,
    is_ensemble_dir,
    members,
)

CARD_FILE, CARD_TEXT = "model_card.json", "model_card.md"
FORMAT = 1
ALL = "all"  # of views or keypoints, in the table of metrics
LIBRARIES = (DISTRIBUTION, "torch", "transformers", "numpy")


def write_card(folder: Path | str) -> Path:
    """Write `model_card.json` and `model_card.md` into a model folder, or into that of an ensemble.

    Returns:
        Where the page for people is.

    Raises:
        ModelError: when the folder is no model, or has no checkpoint.
    """
    folder = Path(folder)
    card = make_card(folder)
    write_json(folder / CARD_FILE, card)
    write_text(folder / CARD_TEXT, card_text(card))
    return folder / CARD_TEXT


def make_card(folder: Path) -> dict[str, Any]:
    """Return what is known of a model; see docs/formats/model_dir.md for the keys.

    Raises:
        ModelError: when the folder is no model, or has no checkpoint.
    """
    found = members(folder)
    model = next(iter(found.values()))
    config = model.config
    height, width = model.image_size
    return {
        "format": FORMAT,
        "name": folder.resolve().name,
        "kind": "ensemble" if is_ensemble_dir(folder) else "model",
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "written_by": _versions(),
        "keypoints": list(model.keypoint_names),
        "skeleton": config.data.skeleton or [],
        "left_right_pairs": config.data.swaps or [],
        "views": config.data.view_names or [],
        "image_size": {"height": height, "width": width},
        "network": _network(config),
        "training": _training(config),
        "data": _data(model),
        "members": [_member(name, member) for name, member in found.items()],
    }


def _versions() -> dict[str, str]:
    """Return the versions of Python and of what a model depends on, where it is installed."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _network(config: Config) -> dict[str, Any]:
    """Return what the network is made of."""
    model = config.model
    keys = ("model_type", "backbone", "backbone_weights", "head", "camera_tokens")
    started = None if model.checkpoint is None else Path(model.checkpoint).name
    return {**{key: getattr(model, key) for key in keys}, "started_from": started}


def _training(config: Config) -> dict[str, Any]:
    """Return the settings that matter most; all of them are in config.yaml."""
    training, model = config.training, config.model
    keys = (
        "max_epochs", "max_steps", "train_batch_size", "optimizer", "lr_scheduler", "imgaug", "imgaug_3d",
        "ema_decay", "view_dropout", "checkpoint_metric", "rng_seed_data_pt",
    )  # fmt: skip
    return {
        "heatmap_loss": None if model.model_type == "regression" else model.heatmap_loss_type,
        "losses": {name: config.losses[name].log_weight for name in model.losses_to_use or []},
        "learning_rate": training.optimizer_params.learning_rate,
        **{key: getattr(training, key) for key in keys},
    }


def _data(model: ModelDir) -> dict[str, Any]:
    """Return what it was trained on: the labels as they are in the folder, and how they were divided."""
    data = model.config.data
    names = [data.csv_file] if isinstance(data.csv_file, str) else data.csv_file or []
    files = [path for name in names if (path := model.path / Path(name).name).is_file()]
    split = read_split(model.path / SPLIT_FILE) if (model.path / SPLIT_FILE).is_file() else {}
    view = model.view_names[0]
    return {
        "project": None if data.data_dir is None else Path(data.data_dir).name,
        "label_files": [{"name": path.name, "sha256": hash_file(path)} for path in files],
        "instants": len(split),
        "split": dict(Counter(split.values())),
        "sessions": sorted({image_session(image, view) for image in split}),
    }


def _member(name: str, model: ModelDir) -> dict[str, Any]:
    """Return what one network came to."""
    checkpoint = model.checkpoint()
    return {
        "name": name,
        "seed": model.config.training.rng_seed_model_pt,
        "checkpoint": {
            "file": checkpoint.relative_to(model.path).as_posix(),
            "sha256": hash_file(checkpoint),
            "bytes": checkpoint.stat().st_size,
        },
        "confidence": _confidence(model.path / CALIBRATION_FILE),
        "metrics": [_numbers(row) for row in _rows(model.path / SUMMARY_FILE)],
    }


def _confidence(path: Path) -> dict[str, Any] | None:
    """Return what the temperature did for the validation set; None where there were no labels to look at."""
    rows = [_numbers(row) for row in _rows(path) if row["set"] == "validation"]
    if not rows or rows[-1]["ece"] is None:
        return None
    return {
        "temperature": rows[-1]["temperature"],
        "means": "probability of an error below 5 px",
        "labels": rows[-1]["labels"],
        "ece_before": rows[0]["ece"],
        "ece_after": rows[-1]["ece"],
    }


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV; none where it is not there."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _numbers(row: dict[str, str]) -> dict[str, Any]:
    """Return a row with its numbers as such, and None for those that are missing."""
    values: dict[str, Any] = {}
    for key, text in row.items():
        if key in ("set", "view", "keypoint"):
            values[key] = text
        else:
            number = float(text)
            values[key] = None if math.isnan(number) else int(number) if key == "labels" else number
    return values


def card_text(card: dict[str, Any]) -> str:
    """Return a card as Markdown."""
    size, data = card["image_size"], card["data"]
    lines = [f"# {card['name']}", "", _summary(card), "", "## Keypoints", ""]
    lines += [", ".join(card["keypoints"]), ""]
    lines += _listed("Skeleton", [" - ".join(pair) for pair in card["skeleton"]])
    lines += _listed("Left and right", [" / ".join(pair) for pair in card["left_right_pairs"]])
    lines += _listed("Views", card["views"])
    lines += [f"Images of {size['width']} x {size['height']} px (width x height) go into the network.", ""]
    lines += ["## Training data", ""]
    lines += _table(("labels", "SHA-256"), ((file["name"], file["sha256"]) for file in data["label_files"]))
    parts = ", ".join(f"{count} {name}" for name, count in data["split"].items())
    lines += [f"{data['instants']} labeled instants: {parts or 'how they were divided is not known'}.", ""]
    lines += _listed("Project", [data["project"] or ""])
    lines += _listed("Sessions", [session or "(one without a name)" for session in data["sessions"]])
    lines += ["## Accuracy", ""]
    for member in card["members"]:
        lines += _accuracy(member)
    settings = {**card["network"], **card["training"]}
    losses = [f"{name} (log_weight {weight})" for name, weight in settings.pop("losses").items()]
    lines += ["## Settings", ""]
    known = [(key, value) for key, value in settings.items() if value is not None]
    lines += _table(("key", "value"), [*known, ("further losses", ", ".join(losses) or "none")])
    lines += ["All of them are in `config.yaml`.", "", *_use(card)]
    return "\n".join(lines).rstrip() + "\n"


def _summary(card: dict[str, Any]) -> str:
    """Return the model in one sentence."""
    kind = card["kind"] if card["kind"] == "model" else f"ensemble of {len(card['members'])}"
    network, views = card["network"], len(card["views"]) or 1
    return (
        f"A {kind} of type `{network['model_type']}` on `{network['backbone']}`: {len(card['keypoints'])} "
        f"keypoints in {views} {'view' if views == 1 else 'views'}."
    ).replace("A ensemble", "An ensemble")


def _accuracy(member: dict[str, Any]) -> list[str]:
    """Return what is known of one network's errors and confidences."""
    lines = [f"### {member['name']}", ""] if member["name"] else []
    rows = member["metrics"]
    if not rows:
        return [*lines, "It has not been evaluated.", ""]
    overall = [row for row in rows if row["view"] == row["keypoint"] == ALL]
    lines += _errors("set", overall)
    held_out = [row["set"] for row in overall if row["set"] != "train" and row["labels"]]
    chosen = "test" if "test" in held_out else next(iter(held_out), overall[0]["set"])
    lines += [f"Of the set `{chosen}`, by keypoint over all views and by view over all keypoints:", ""]
    of_set = [row for row in rows if row["set"] == chosen]
    lines += _errors("keypoint", [row for row in of_set if row["view"] == ALL and row["keypoint"] != ALL])
    views = [row for row in of_set if row["keypoint"] == ALL and row["view"] not in (ALL, "")]
    lines += _errors("view", views) if views else []
    sure = member["confidence"]
    if sure is None:
        return [
            *lines,
            "Its confidences are as the network gives them: there was nothing to hold them to.",
            "",
        ]
    return [
        *lines,
        f"A confidence is the {sure['means']}. Its expected calibration error was {sure['ece_before']:.3f} "
        f"and is {sure['ece_after']:.3f} with temperature {sure['temperature']:.2f} ({sure['labels']} "
        "validation labels).",
        "",
    ]


def _errors(by: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return errors as a table."""
    keys = ("mean_px", "median_px", "p90_px", "confidence")
    cells = ((row[by], row["labels"], *(_short(row[key]) for key in keys)) for row in rows)
    return _table((by, "labels", "mean px", "median px", "90 % below, px", "confidence"), cells)


def _use(card: dict[str, Any]) -> list[str]:
    """Return how to use and cite it."""
    by = ", ".join(f"{name} {number}" for name, number in card["written_by"].items())
    program = f"{DISTRIBUTION} {card['written_by'].get(DISTRIBUTION, '')}".strip()
    prints = [f"`{member['checkpoint']['sha256'][:16]}`" for member in card["members"]]
    return [
        "## Use",
        "",
        "```bash",
        "litpose predict path/to/this/folder videos/",
        "```",
        "",
        f"Where you report results, name the program ({program}), this model, and the first digits of the "
        f"SHA-256 of its weights: {', '.join(prints)}.",
        "",
        f"Written {card['written']} by {by}.",
    ]


def _listed(heading: str, items: Iterable[str]) -> list[str]:
    """Return items on one line; nothing where there are none."""
    text = ", ".join(filter(None, items))
    return [f"{heading}: {text}", ""] if text else []


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a table in Markdown; nothing where it has no rows."""
    body = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return [f"| {' | '.join(header)} |", "|" + "---|" * len(header), *body, ""] if body else []


def _short(value: float | None) -> str:
    """Return a number to two digits."""
    return "" if value is None else f"{value:.2f}"
