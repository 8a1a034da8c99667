"""The page: facts, frames that are worth a look, traces, keypoints; nothing in it comes from elsewhere."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import VideoError
from lightning_pose.core.files import write_text
from lightning_pose.core.shell import installed_version
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.video import VideoInfo, probe
from lightning_pose.frames.candidates import Progress
from lightning_pose.frames.evidence import read_evidence
from lightning_pose.frames.files import SessionFiles
from lightning_pose.frames.observed import Evidence
from lightning_pose.frames.ranking import Difficult, Ranking, judge
from lightning_pose.frames.ranking_file import LISTED, STRIP, describe, identify, write_ranking
from lightning_pose.report.pictures import take_pictures
from lightning_pose.report.summary import Column, summarise
from lightning_pose.report.traces import WORLD, decimate, encode, signals_of, stretches

FOLDER = Path(__file__).parent
# No script, style or picture of another place is loaded, whatever a name in a table says.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def write_report(
    path: Path | str,
    files: SessionFiles,
    skeleton: Skeleton | None = None,
    *,
    rig: Rig | None = None,
    count: int = LISTED,
    progress: Progress = lambda frames: None,
) -> list[Difficult]:
    """Write the report of one session as a single HTML file, and the ranking of its frames where it is kept.

    Args:
        path: file to write.
        files: what there is on disk of the session; see `frames.files.find_files`. Pictures need its videos.
        skeleton: bones and left/right pairs; guessed from the names of keypoints by default.
        rig: cameras of the views, for reprojection errors that are not on disk.
        count: frames to list, at most.
        progress: told how many frames have been read since it was last told; each is read twice.

    Returns:
        The frames that it lists.

    Raises:
        DataError: when tables cannot be read or do not fit together.
    """
    made_from = identify(files, skeleton, rig)
    evidence = read_evidence(files, skeleton, rig=rig)
    ranking = judge(evidence, count, progress=progress)
    frames = len(ranking.scores)
    first, _ = next(evidence.blocks(1))
    traces = sum(values.shape[0] * values.shape[2] for values in signals_of(first, evidence).values())
    buckets = stretches(frames, traces)
    extremes, points = decimate(
        evidence, ranking.start, frames, buckets, {item.frame for item in ranking.difficult}
    )
    progress(frames)
    infos = _infos(files.videos)
    fps = next((info.fps for info in infos.values()), None)
    data = {
        "start": ranking.start,
        "frames": frames,
        "buckets": buckets,
        "fps": fps,
        "views": list(evidence.views),
        "keypoints": list(evidence.skeleton.names),
        "signals": encode(extremes),
        "world": list(WORLD),
        "marks": [[item.frame, item.view, item.keypoint, round(item.score, 2)] for item in ranking.difficult],
    }
    body = "".join(
        (
            _facts(evidence, files, ranking, infos),
            _strip(ranking),
            _cards(evidence, files, ranking, points, fps),
            _trace_section(),
            _tables(evidence, ranking),
        )
    )
    write_ranking(files.ranking or Path(path).with_suffix(".json"), describe(ranking, evidence, made_from))
    write_text(path, _page(files.name or "session", body, data))
    return ranking.difficult


def _infos(videos: Mapping[str, Path]) -> dict[str, VideoInfo]:
    """Return what can be said of the videos that are there."""
    found = {}
    for view, path in videos.items():
        try:
            found[view] = probe(path)
        except VideoError:  # the pictures are missing then, and the page says so
            continue
    return found


def _facts(evidence: Evidence, files: SessionFiles, ranking: Ranking, infos: Mapping[str, VideoInfo]) -> str:
    """Return the head of the page."""
    frames = len(ranking.scores)
    columns = {column.title: column.values for column in summarise(ranking.sample, members=evidence.members)}
    facts = [("frames", f"{frames:,}".replace(",", " "))]
    if infos:
        info = next(iter(infos.values()))
        facts.append(("length", f"{_time(frames / info.fps)} at {info.fps:.4g}/s"))
        sizes = sorted({f"{i.width} x {i.height}" for i in infos.values()})
        facts.append(("picture", f"{', '.join(sizes)} px"))
    if any(evidence.views):
        facts.append(("views", f"{len(evidence.views)}: {', '.join(evidence.views)}"))
    facts.append(("keypoints", str(len(evidence.skeleton.names))))
    facts.append(("networks", f"ensemble of {evidence.members}" if evidence.members > 1 else "one"))
    for title, name, unit in (("confidence", "confidence", ""), ("reprojection, px", "reprojection", " px")):
        if title in columns and np.isfinite(columns[title]).any():
            facts.append((f"median {name}", f"{np.nanmedian(columns[title]):.2f}{unit}"))
    if files.smoothed:
        facts.append(("smoother", f"{len(files.smoothed)} tables"))
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in facts)
    return f"<header><h1>{escape(files.name or 'session')}</h1><dl class=facts>{cells}</dl></header>"


def _strip(ranking: Ranking) -> str:
    """Return the scores over the session as a picture."""
    frames = len(ranking.scores)
    columns = min(frames, STRIP)
    if not columns:
        return ""
    edges = np.arange(columns) * frames // columns
    highest = np.maximum.reduceat(ranking.scores, edges)
    top = max(float(highest.max()), 1.0)
    path = "".join(
        f"M{1000 * i / columns:.1f} 60V{60 - 56 * value / top:.1f}"
        for i, value in enumerate(highest)
        if value > 0
    )
    marks = "".join(
        f'<a href="#f{item.frame}"><circle cx="{1000 * (item.frame - ranking.start + 0.5) / frames:.1f}" '
        f'cy="66" r="4"><title>frame {item.frame}: {escape(item.reasons[0])}</title></circle></a>'
        for item in ranking.difficult
    )
    width = max(1000 / columns, 1.0)
    return (
        "<section><h2>Where it goes wrong</h2><p class=soft>How much speaks against each frame, over the "
        "session. A dot is a frame listed below.</p>"
        f'<svg class=strip viewBox="0 0 1000 72" preserveAspectRatio="none" role="img" '
        f'aria-label="scores over the session"><path d="{path}" stroke-width="{width:.2f}"/>'
        f"{marks}</svg></section>"
    )


def _cards(
    evidence: Evidence,
    files: SessionFiles,
    ranking: Ranking,
    points: Mapping[int, np.ndarray],
    fps: float | None,
) -> str:
    """Return the frames that are worth a look, each with its picture and reasons."""
    if not ranking.difficult:
        return "<section><h2>Frames worth a look</h2><p>None: no frame stands out.</p></section>"
    shown = [(item.view or evidence.views[0], item.frame) for item in ranking.difficult]
    drawn = {
        (view, frame): xy[evidence.views.index(view)]
        for view, frame in shown
        if (xy := points.get(frame)) is not None
    }
    pictures = take_pictures(
        files.videos, shown, drawn, evidence.skeleton, [item.keypoint for item in ranking.difficult]
    )
    top = ranking.difficult[0].score
    cards = []
    for rank, (item, (view, _), picture) in enumerate(zip(ranking.difficult, shown, pictures, strict=True)):
        image = (
            f'<img alt="frame {item.frame} of {escape(view or "the video", quote=True)}" src="{picture}">'
            if picture
            else "<div class=none>no picture</div>" * bool(files.videos)
        )
        at = "" if fps is None else f" <span class=soft>{_time((item.frame - ranking.start) / fps, 2)}</span>"
        place = f" <span class=soft>{escape(item.view)}</span>" if item.view else ""
        reasons = "".join(f"<li>{escape(reason)}</li>" for reason in item.reasons)
        share = 100 * item.score / top
        cards.append(
            f'<article id="f{item.frame}" tabindex=0 data-mark="{rank}">{image}<div class=words>'
            f"<h3>frame {item.frame}{at}{place}</h3>"
            f'<div class=bar title="score {item.score:.2f}"><i style="width:{share:.0f}%"></i></div>'
            f"<ol>{reasons}</ol></div></article>"
        )
    return (
        "<section><h2>Frames worth a look</h2><p class=soft>The most suspicious first; neighbours in time "
        "and poses that are alike are left out. A click shows the traces there.</p>"
        f"<div class=cards>{''.join(cards)}</div></section>"
    )


def _trace_section() -> str:
    """Return the place that the page's script fills."""
    return (
        "<section id=traces><h2>Traces</h2><div class=controls><label>keypoint <select id=keypoint></select>"
        "</label><label id=viewbox>view <select id=view></select></label><output id=readout></output></div>"
        "<div id=plots></div><noscript><p>The traces need JavaScript.</p></noscript></section>"
    )


def _tables(evidence: Evidence, ranking: Ranking) -> str:
    """Return the table of keypoints: of all views together, then of each view folded away."""
    names, members = evidence.skeleton.names, evidence.members
    blamed = [sum(item.keypoint == name for item in ranking.difficult) for name in names]
    whole = _table(names, summarise(ranking.sample, members=members), blamed)
    views = "".join(
        f"<details><summary>{escape(view)}</summary>"
        f"{_table(names, summarise(ranking.sample, members=members, view=v), None)}</details>"
        for v, view in enumerate(evidence.views)
        if len(evidence.views) > 1
    )
    return f"<section><h2>Keypoints</h2>{whole}{views}</section>"


def _table(names: Sequence[str], columns: Sequence[Column], blamed: Sequence[int] | None) -> str:
    """Return numbers as a table; the worst third of the range of a column is tinted."""
    heads = "".join(f'<th title="{escape(c.meaning, quote=True)}">{escape(c.title)}</th>' for c in columns)
    rows = []
    for k, name in enumerate(names):
        cells = []
        for column in columns:
            value = float(column.values[k])
            if not np.isfinite(value):
                cells.append("<td></td>")
                continue
            known = column.values[np.isfinite(column.values)]
            span = float(np.ptp(known)) or 1.0
            badness = (value - known.min()) / span if column.worse == "high" else (known.max() - value) / span
            tint = f' style="--bad:{badness:.2f}"' if len(known) > 2 and np.ptp(known) > 0 else ""
            cells.append(
                f"<td{tint}>{100 * value:.1f} %</td>" if column.share else f"<td{tint}>{value:.2f}</td>"
            )
        last = "" if blamed is None else f"<td>{blamed[k] or ''}</td>"
        rows.append(f"<tr><th scope=row>{escape(name)}</th>{''.join(cells)}{last}</tr>")
    head = "" if blamed is None else '<th title="frames of the list above that it is blamed for">listed</th>'
    return (
        f"<div class=wide><table><thead><tr><th>keypoint</th>{heads}{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _page(name: str, body: str, data: dict[str, Any]) -> str:
    """Return the whole file."""
    # "<" cannot end the script early, whatever a name holds
    record = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    style, script = ((FOLDER / f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width"><title>{escape(name)}: report</title>
<style>{style}</style></head><body>{body}
<footer>litpose {escape(installed_version())}. A frame's score is the root of the sum of squares, over views
and keypoints, of how much rarer than one in thirty its signals are, in powers of ten.</footer>
<script type="application/json" id=data>{record}</script><script>{script}</script></body></html>
"""


def _time(seconds: float, digits: int = 0) -> str:
    """Return seconds as people read them."""
    whole = round(seconds, digits)
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    last = f"{rest:0{3 + digits if digits else 2}.{digits}f}"
    return f"{hours:.0f}:{minutes:02.0f}:{last}" if hours else f"{minutes:.0f}:{last}"
