"""`litpose`: finds the verb, and leaves the rest to its module.

Every verb is a module with `HELP` (one line), `register(parser)` (fills an argparse parser, its epilog with
examples) and `run(args) -> int`. Only the chosen verb is imported, and its module imports what is heavy
inside `run`: help for people who wait at a prompt takes a blink.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from lightning_pose.core.errors import ConfigError
from lightning_pose.core.terminal import guarded

VERBS = {
    "demo": "lightning_pose.cli.demo",
    "synth": "lightning_pose.cli.synth",
    "train": "lightning_pose.cli.train",
    "predict": "lightning_pose.cli.predict",
    "app": "lightning_pose.cli.app",
}

DESCRIPTION = "From synchronised videos to smooth 3D trajectories with honest uncertainty."
EPILOG = """\
examples:
  litpose demo                                  see all of it on a rendered animal, in minutes
  litpose train config.yaml --seeds 0 1 2       train an ensemble
  litpose predict models/ensemble videos/       2D keypoints for every view, 3D where calibrated
  eks multicam --help                           smooth an ensemble's predictions into 3D
  litpose app demo                              look at the results in the browser

`litpose VERB --help` explains one verb.
"""
DEBUG_HELP = "show the traceback of an error"


class _Version(argparse.Action):
    """Prints the installed version; the metadata is read only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"litpose {version()}")
        parser.exit()


def version() -> str:
    """Return the version of the installed distribution."""
    from importlib.metadata import version as installed

    return installed("lightning-pose-3d")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one `litpose` command and return its exit code: 0 done, 2 a fault to mend, 130 interrupted."""
    argv = list(sys.argv[1:] if argv is None else argv)
    cut = next((i for i, word in enumerate(argv) if not word.startswith("-")), len(argv))
    options = argv[:cut]
    if cut == len(argv) or {"-h", "--help"} & set(options):
        return _without_verb(options)
    verb, words = argv[cut], argv[cut + 1 :]
    _top_parser().parse_args([*options, verb])  # ends here when an option before the verb is unknown
    return guarded(lambda: _run(verb, words), debug="--debug" in argv)


def verb_parser(verb: str) -> argparse.ArgumentParser:
    """Return the parser of one verb, as its module registers it.

    Raises:
        ConfigError: when there is no such verb.
    """
    module = _load(verb)
    parser = argparse.ArgumentParser(
        prog=f"litpose {verb}",
        description=module.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.register(parser)
    parser.add_argument("--debug", action="store_true", help=DEBUG_HELP)
    return parser


def _run(verb: str, words: list[str]) -> int:
    """Parse a verb's own words and run it."""
    return _load(verb).run(verb_parser(verb).parse_args(words))


def _load(verb: str) -> ModuleType:
    """Import a verb's module."""
    if verb not in VERBS:
        import difflib

        near = difflib.get_close_matches(verb, VERBS, n=1, cutoff=0.5)
        guess = f" Did you mean `{near[0]}`?" if near else ""
        raise ConfigError(f"litpose has no verb `{verb}`.{guess} The verbs are: {', '.join(VERBS)}.")
    return importlib.import_module(VERBS[verb])


def _without_verb(options: list[str]) -> int:
    """Answer `litpose`, `litpose --help` and `litpose --version`."""
    if {"-h", "--help"} & set(options):
        _overview().print_help()
        return 0
    _top_parser().parse_args([*options, "VERB"])
    _overview().print_help(sys.stderr)
    return 2


def _top_parser(epilog: str = EPILOG) -> argparse.ArgumentParser:
    """Return the parser of what may stand before the verb."""
    parser = argparse.ArgumentParser(
        prog="litpose",
        usage="litpose [-h] [--version] [--debug] VERB ...",
        description=DESCRIPTION,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the installed version and stop")
    parser.add_argument("--debug", action="store_true", help=DEBUG_HELP)
    parser.add_argument("verb", metavar="VERB", help="one of the verbs below")
    return parser


def _overview() -> argparse.ArgumentParser:
    """Return the top parser with a line for every verb."""
    width = max(map(len, VERBS)) + 2
    lines = [f"  {verb:<{width}}{_load(verb).HELP}" for verb in VERBS]
    return _top_parser("\n".join(["verbs:", *lines, "", EPILOG]))


if __name__ == "__main__":
    sys.exit(main())
