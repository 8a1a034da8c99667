"""How good the labels of a project are: what looks wrong, and who labeled how much."""

import math
from collections import Counter
from typing import Any

import numpy as np
from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import Call, endpoint, say
from apps.api.desk import Desk, Served
from apps.api.measures import Labels, labels_of
from apps.api.places import image_size
from lightning_pose.core.label_quality import Finding, assess_labels

SHOWN = 100  # findings of a kind
MOST = 1500  # frames whose views disagree most, and as many others
FILES = "label files"  # who made the labels that no one made here


def routes(desk: Desk) -> list[Route]:
    """Return the route of quality; an answer stands until labels change."""
    answers: dict[str, tuple[int, dict[str, Any]]] = {}

    def quality(served: Served, call: Call) -> Response:
        rev = served.store.rev
        if answers.get(served.id, (-1, {}))[0] != rev:
            answers[served.id] = (rev, assess(served))
        return say(answers[served.id][1])

    return [Route("/api/projects/{pid}/quality", endpoint(desk, quality), methods=["GET"])]


def assess(served: Served) -> dict[str, Any]:
    """Return the labels that look wrong, the worst of each kind first, and who labeled how much."""
    found: list[dict[str, Any]] = []
    labeled = np.zeros((len(served.views), len(served.project.keypoint_names)), dtype=int)
    chosen = _worth_a_look(served)
    for labels in labels_of(served, chosen):
        space = served.spaces.of(labels.session)
        sizes = _sizes(served, labels)
        findings = assess_labels(
            labels.xy,
            served.views,
            served.project.skeleton,
            camera=None if space.rig is None else space.rig.camera,
            sizes=sizes,
            noise_px=space.noise,
        )
        found += [_told(finding, served, labels) for finding in findings]
        labeled += np.isfinite(labels.xy[..., 0]).sum(axis=1)
    kinds: dict[str, list[dict[str, Any]]] = {
        kind: [] for kind in ("residual", "swap", "bone", "border", "double")
    }
    for one in sorted(found, key=lambda one: -abs(one["value"])):
        kinds[one["kind"]].append(one)
    return {
        **{kind: some[:SHOWN] for kind, some in kinds.items()},
        "counts": {kind: len(some) for kind, some in kinds.items()},
        "looked_at": len(chosen),
        "of": sum(count > 0 for count in served.frames()[0].n_labeled),
        "labeled": dict(zip(served.views, labeled.tolist(), strict=True)),
        "people": _people(served),
    }


def _worth_a_look(served: Served) -> list[str]:
    """Return the labeled frames, of very many those whose views disagree most and as many evenly spread."""
    table, _ = served.frames()
    rows = [row for row, count in enumerate(table.n_labeled) if count]
    if len(rows) > 2 * MOST:
        worst = sorted(rows, key=lambda row: _rank(table.worst_px[row]))[:MOST]
        spread = np.unique(np.linspace(0, len(rows) - 1, MOST).astype(int)).tolist()
        rows = sorted({*worst, *(rows[place] for place in spread)})
    return [table.id[row] for row in rows]


def _rank(worst: float | None) -> float:
    """Return what puts the frames that are not measured yet first, then those with the largest error."""
    return -math.inf if worst is None else -worst


def _sizes(served: Served, labels: Labels) -> np.ndarray | None:
    """Return the sizes (px) of a session's images, "V 2"; None where the first frame's cannot be read."""
    images = served.store.images(labels.frames[0])
    sizes = [image_size(served.folder, images[view]) if view in images else None for view in served.views]
    return None if any(size is None for size in sizes) else np.array(sizes)


def _told(finding: Finding, served: Served, labels: Labels) -> dict[str, Any]:
    names = served.project.keypoint_names
    return {
        "kind": finding.kind,
        "frame": labels.frames[finding.frame],
        "session": labels.session,
        "view": served.views[finding.view] if finding.view >= 0 else None,
        "keypoints": [names[k] for k in finding.keypoints],
        "value": finding.value,
        "text": finding.text,
    }


def _people(served: Served) -> list[dict[str, Any]]:
    """Return how many labels that are there now are whose; those from before the app are the label files'."""
    standing = Counter(served.store.labelers())
    rest = sum(served.frames()[0].n_labeled) - sum(standing.values())
    if rest > 0:
        standing[FILES] += rest
    return [{"who": who, "labels": count} for who, count in standing.most_common()]
