"""Labels as arrays, and how far the views of each frame disagree."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from apps.api.spaces import anchored_points
from lightning_pose.core.label_quality import worst_residuals

if TYPE_CHECKING:
    from apps.api.desk import Served

AT_ONCE = 200  # frames measured before others get their turn


class Labels(NamedTuple):
    """The labels of one session.

    Attributes:
        session: its name.
        frames: ids.
        xy: px, NaN where there is none.
    """

    session: str
    frames: list[str]
    xy: Float[np.ndarray, "V T K 2"]


def measure_frames(served: "Served", most: int = AT_ONCE) -> bool:
    """Work out the largest reprojection error of labeled frames of which it is not known, some at a time.

    Returns:
        Whether there are more.
    """
    if served.store.read_only or len(served.views) < 2:
        return False
    rev = served.store.rev  # before the labels are read: frames edited meanwhile are measured the next time
    table, _ = served.frames()
    columns = zip(table.id, table.session, table.n_labeled, table.worst_px, strict=True)
    calibrated = {name for name in dict.fromkeys(table.session) if served.known_rig(name) is not None}
    unknown = [
        fid
        for fid, name, count, worst in columns
        if count and worst is None and name in calibrated and fid not in served.unmeasurable
    ]
    known: dict[str, float | None] = {}
    for labels in labels_of(served, unknown[:most]):
        space = served.spaces.renew(labels.session)
        worst = np.full(len(labels.frames), np.nan)
        if space.rig is not None:
            worst = worst_residuals(labels.xy, space.rig.camera, space.noise)
        known |= {fid: px for fid, px in zip(labels.frames, worst.tolist(), strict=True) if px == px}
    if served.store.rev == rev:
        served.unmeasurable |= {*unknown[:most]} - known.keys()
    if known:
        served.store.measure(known, rev=rev)
        served.forget_frames()
    return len(unknown) > most


def labels_of(served: "Served", frames: Sequence[str]) -> Iterator[Labels]:
    """Yield the labels of some frames by session, as they are in the store now."""
    table, place = served.frames()
    by_session: dict[str, list[str]] = {}
    for fid in frames:
        by_session.setdefault(table.session[place[fid]], []).append(fid)
    for session, own in by_session.items():
        yield Labels(session, own, anchored_points(served, own))
