"""How good the labels of a project are: what looks wrong, and who labeled how much."""

from collections import Counter
from typing import Any

import numpy as np
from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import Call, endpoint, say
from apps.api.desk import Desk, Served
from apps.api.measures import Labels, read_sessions
from apps.api.places import image_size
from lightning_pose.core.label_quality import Finding, assess_labels

SHOWN = 100  # findings of a kind
FILES = "label files"  # who made the labels that no one made here


def routes(desk: Desk) -> list[Route]:
    """Return the route of quality."""
    return [Route("/api/projects/{pid}/quality", endpoint(desk, quality), methods=["GET"])]


def quality(served: Served, call: Call) -> Response:
    """Answer the labels that look wrong, the worst of each kind first, and who labeled how much."""
    found: list[dict[str, Any]] = []
    labeled = np.zeros((len(served.views), len(served.project.keypoint_names)), dtype=int)
    for labels in read_sessions(served):
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
    return say(
        {
            **{kind: some[:SHOWN] for kind, some in kinds.items()},
            "counts": {kind: len(some) for kind, some in kinds.items()},
            "labeled": dict(zip(served.views, labeled.tolist(), strict=True)),
            "people": _people(served, int(labeled.sum())),
        }
    )


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


def _people(served: Served, total: int) -> list[dict[str, Any]]:
    """Return how many of the labels that are there now are whose; older ones are those of the files."""
    standing = Counter(
        change.who
        for change in served.store.changes(0)
        if change.cell.state in ("visible", "occluded") and change.cell.origin != "prediction"
    )
    people = [{"who": who, "labels": count} for who, count in standing.most_common()]
    rest = total - sum(standing.values())
    return [*people, {"who": FILES, "labels": rest}] if rest > 0 else people
