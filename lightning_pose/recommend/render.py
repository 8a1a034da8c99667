"""Choices as YAML: every key below its reason, suggestions as comments, and where to write it."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from lightning_pose.core.files import write_text
from lightning_pose.recommend.facts import Facts
from lightning_pose.recommend.machine import Machine
from lightning_pose.recommend.rules import Choice

WIDTH = 100
CONFIG_NAME = "config.yaml"


def report(facts: Facts, machine: Machine) -> list[str]:
    """Return what was found, a line each."""
    lines = [
        f"project    {facts.folder}",
        f"labels     {facts.n_instants} instants of {counted(len(facts.instants), 'session')}: "
        + _some(f"{name or 'unnamed'} {count}" for name, count in facts.instants.items()),
        f"views      {', '.join(facts.view_names) or 'one'}; images of "
        + ", ".join(sorted({f"{w} x {h}" for sizes in facts.sizes.values() for w, h in sizes}))
        + f" px, labels span {facts.extent:.0%} of a side",
        f"keypoints  {len(facts.keypoint_names)}, {counted(len(facts.swaps), 'left/right pair')}",
    ]
    missing = {name: share for name, share in facts.missing.items() if share > 0}
    if missing:
        often = sorted(missing, key=lambda name: -missing[name])
        lines.append(f"missing    {_some(f'{name} {missing[name]:.0%}' for name in often)}")
    if facts.occluded is not None:
        lines.append(f"occluded   {facts.occluded:.0%} of the labels are marked so")
    lines.append(f"videos     {counted(len(facts.videos), 'complete session')}")
    if facts.n_views > 1:
        lines.append(
            f"calibrated {len(facts.calibrated)} of {counted(len(facts.instants), 'labeled session')}"
        )
    lines.append(f"machine    {machine.describe()}")
    return [*lines, *(f"note       {note}" for note in facts.notes)]


def render(choices: Sequence[Choice], header: Iterable[str]) -> str:
    """Return the YAML text.

    Args:
        choices: keys, values and reasons.
        header: lines of the comment at the top.
    """
    top = "".join(f"# {line}".rstrip() + "\n" for line in header)
    active, suggested = _tree(choices, True), _tree(choices, False)
    lines = list(_lines(active, 0))
    if suggested:
        lines += [
            "",
            "# Suggestions: not measured enough here to be on by themselves. To try one, move its line up",
        ]
        lines += [
            "# into its section, without the #.",
            *(f"# {line}".rstrip() for line in _lines(suggested, 0)),
        ]
    return top + "\n" + "\n".join(lines).strip("\n") + "\n"


def write_config(folder: Path, text: str, output: Path | None = None, now: datetime | None = None) -> Path:
    """Write the configuration and return where; a file that is there is never overwritten.

    Args:
        folder: the project's.
        text: of the configuration.
        output: file to write; `config.yaml` in the project where it is None. If it exists, the time is
            added to its name.
        now: the time.
    """
    path = output or folder / CONFIG_NAME
    if path.exists():
        stamp = (now or datetime.now()).strftime("%Y-%m-%d_%H-%M-%S")
        base, count = path, 1
        path = base.with_name(f"{base.stem}_{stamp}{base.suffix}")
        while path.exists():
            count += 1
            path = base.with_name(f"{base.stem}_{stamp}_{count}{base.suffix}")
    write_text(path, text)
    return path


def _tree(choices: Iterable[Choice], active: bool) -> dict[str, Any]:
    """Return choices by section and key."""
    tree: dict[str, Any] = {}
    for choice in choices:
        if choice.active is active:
            *sections, key = choice.key.split(".")
            place = tree
            for section in sections:
                place = place.setdefault(section, {})
            place[key] = choice
    return tree


def _lines(tree: Mapping[str, Any], depth: int) -> Iterable[str]:
    """Yield the lines of a tree: reason, then key and value."""
    indent = "  " * depth
    for key, entry in tree.items():
        if isinstance(entry, Choice):
            yield from textwrap.wrap(
                entry.reason, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "
            )
            yield f"{indent}{key}: {_plain(entry.value)}"
        else:
            yield from ([""] if depth == 0 else [])
            yield f"{indent}{key}:"
            yield from _lines(entry, depth + 1)


def _plain(value: Any) -> str:
    """Return a value in one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is one."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _some(texts: Iterable[str], limit: int = 8) -> str:
    """Join texts, the first of many."""
    listed = list(texts)
    more = [f"and {len(listed) - limit} more"] if len(listed) > limit else []
    return ", ".join([*listed[:limit], *more])
