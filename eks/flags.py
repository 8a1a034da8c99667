"""Flags that the smoothers share, and how their words are read; nothing heavy is imported here."""

import argparse
import ast
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path


def add_io(parser: argparse.ArgumentParser, *, filename: str | None) -> None:
    """Add where predictions come from and where results go."""
    where = parser.add_argument_group("input and output")
    where.add_argument("--input-dir", type=Path, help="folder with the members' predictions (CSV or SLP)")
    where.add_argument(
        "--input-files",
        type=Path,
        nargs="+",
        default=None,
        help="the predictions one by one, instead of a folder",
    )
    where.add_argument(
        "--save-dir", type=Path, default=Path("outputs"), help="folder for the results (default: ./outputs)"
    )
    told = (
        f"name of the result (default: {filename})"
        if filename
        else "ignored: every camera has a file of its own"
    )
    where.add_argument("--save-filename", default=None, help=told)
    where.add_argument("--make-plot", action="store_true", help="also a PDF with traces of the last keypoint")
    where.add_argument(
        "--report",
        action="store_true",
        help="also a PDF of everything: residuals, what was gated, all traces",
    )
    where.add_argument("--verbose", action="store_true", help="tell the stages, their seconds, and s")


def add_smoothing(parser: argparse.ArgumentParser) -> None:
    """Add s and what it is tuned on."""
    how = parser.add_argument_group("smoothing")
    how.add_argument(
        "--s",
        type=float,
        nargs="+",
        default=None,
        help="smoothing parameter, one or one per keypoint (default: tuned)",
    )
    how.add_argument(
        "--motion", choices=["walk", "velocity"], default="walk",
        help="what a keypoint does from frame to frame: a random walk, or constant velocity (default: walk)",
    )  # fmt: skip
    how.add_argument(
        "--s-frames", type=spans, default=None, metavar="SPANS",
        help='frames that s is tuned on, 0-based, stop excluded: "[(0,500),(2000,2500)]", "(None,100)" or '
        '"100" (the first 100); default: at most 4000 frames in pieces spread over the recording',
    )  # fmt: skip
    how.add_argument(
        "--blocks", type=blocks, default=None, metavar="BLOCKS",
        help='keypoints that share an s, by index: "0,1,2;3,4" (default: each has its own)',
    )  # fmt: skip


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the flag of the plain model."""
    parser.add_argument(
        "--no-inflate-vars", dest="robust", action="store_false",
        help="the plain model: variances as the ensemble says, no gate, nothing learned",
    )  # fmt: skip


def add_cameras(parser: argparse.ArgumentParser, *, named: bool = True) -> None:
    """Add the flags of several cameras."""
    several = parser.add_argument_group("cameras")
    if named:
        several.add_argument(
            "--camera-names",
            nargs="+",
            default=None,
            help="as they stand in the names of the files or keypoints",
        )
    several.add_argument(
        "--quantile-keep-pca", type=percentile, default=95.0, metavar="PERCENT",
        help="without a calibration: share of the frames, those in which the members agree best, that the "
        "geometry is learned from (default: 95)",
    )  # fmt: skip
    several.add_argument(
        "--n-latent", type=int, default=3, help="without a calibration: numbers of the state (default: 3)"
    )


def percentile(text: str) -> float:
    """Read a percentile; argparse reports what is none."""
    value = float(text)
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f"expected a percentage above 0 and at most 100, got {text}")
    return value


def spans(text: str) -> tuple[tuple[int, int], ...]:
    """Read `[(a,b),(c,d)]`, `(a,b)` or `b`; None is the start or the end of the recording."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise argparse.ArgumentTypeError(_span_help(text)) from error
    if isinstance(value, int):
        value = (None, value)
    if isinstance(value, tuple) and len(value) == 2 and not isinstance(value[0], tuple | list):
        value = [value]
    read = []
    for pair in value if isinstance(value, list | tuple) else [None]:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise argparse.ArgumentTypeError(_span_help(text))
        start, stop = (0 if pair[0] is None else pair[0]), (2**62 if pair[1] is None else pair[1])
        if not (isinstance(start, int) and isinstance(stop, int) and 0 <= start < stop):
            raise argparse.ArgumentTypeError(_span_help(text))
        read.append((start, stop))
    if not read:
        raise argparse.ArgumentTypeError(_span_help(text))
    return tuple(read)


def blocks(text: str) -> tuple[tuple[int, ...], ...]:
    """Read `0,1,2;3,4`."""
    try:
        return tuple(
            tuple(int(index) for index in block.split(",")) for block in text.split(";") if block.strip()
        )
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'expected indices such as "0,1,2;3,4", got "{text}"') from error


def skeleton(text: str) -> tuple[tuple[str, str], ...]:
    """Read chains of keypoints, `nose,neck,tail;neck,ear`: neighbours in a chain are joined by a bone."""
    chains = [[name.strip() for name in chain.split(",")] for chain in text.split(";") if chain.strip()]
    if not chains or any(len(chain) < 2 or not all(chain) for chain in chains):
        raise argparse.ArgumentTypeError(f'expected chains such as "nose,neck,tail;neck,ear", got "{text}"')
    return tuple(pair for chain in chains for pair in pairwise(chain))


def s_value(given: Sequence[float] | None) -> float | Sequence[float] | None:
    """Return --s as the smoothers take it."""
    if given is None:
        return None
    return given[0] if len(given) == 1 else list(given)


def _span_help(text: str) -> str:
    """Return what was expected of --s-frames."""
    return f'expected spans such as "[(0,500),(2000,2500)]", first frame 0, stop excluded, got "{text}"'
