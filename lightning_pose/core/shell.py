"""A command with verbs, as `litpose` and `eks` are: finds the verb, and leaves the rest to its module.

Every verb is a module with `HELP` (one line), `register(parser)` (fills an argparse parser, its epilog with
examples) and `run(args) -> int`. Only the chosen verb is imported, and its module imports what is heavy
inside `run`: help for people who wait at a prompt takes a blink.
"""

import argparse
import atexit
import gc
import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from lightning_pose.core.errors import ConfigError
from lightning_pose.core.terminal import FAULT, guarded

DISTRIBUTION = "lightning-pose-3d"
_HELP_WORDS = {"-h", "--help"}
_DEBUG_HELP = "show the traceback of an error"


@dataclass(frozen=True)
class Shell:
    """One command.

    Attributes:
        name: what the user types.
        verbs: verb to the name of its module.
        description: one line.
        examples: lines that can be typed, shown below the overview.
    """

    name: str
    verbs: Mapping[str, str]
    description: str
    examples: str

    def main(self, argv: Sequence[str] | None = None) -> int:
        """Run one command and return its exit code: 0 done, 2 a fault to mend, 130 interrupted.

        Raises:
            SystemExit: when argparse has answered: help, a version, or words it does not know.
        """
        atexit.register(gc.freeze)  # else the interpreter looks for cycles in all of torch before it ends
        argv = list(sys.argv[1:] if argv is None else argv)
        cut = next((i for i, word in enumerate(argv) if not word.startswith("-")), len(argv))
        options = argv[:cut]
        if cut == len(argv) or _HELP_WORDS & set(options):
            return guarded(lambda: self._without_verb(options))
        verb, words = argv[cut], argv[cut + 1 :]
        self._top_parser().parse_args([*options, verb])  # ends here when an option before the verb is unknown
        return guarded(lambda: self._run(verb, words), debug="--debug" in argv)

    def verb_parser(self, verb: str) -> argparse.ArgumentParser:
        """Return the parser of one verb, as its module registers it.

        Raises:
            ConfigError: when there is no such verb.
        """
        module = self._load(verb)
        parser = argparse.ArgumentParser(
            prog=f"{self.name} {verb}",
            description=module.HELP,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.register(parser)
        parser.add_argument("--debug", action="store_true", help=_DEBUG_HELP)
        return parser

    def _run(self, verb: str, words: list[str]) -> int:
        """Parse a verb's own words and run it."""
        return self._load(verb).run(self.verb_parser(verb).parse_args(words))

    def _load(self, verb: str) -> ModuleType:
        """Import a verb's module."""
        if verb not in self.verbs:
            import difflib

            near = difflib.get_close_matches(verb, self.verbs, n=1, cutoff=0.5)
            guess = f" Did you mean `{near[0]}`?" if near else ""
            listed = ", ".join(self.verbs)
            raise ConfigError(f"{self.name} has no verb `{verb}`.{guess} The verbs are: {listed}.")
        return importlib.import_module(self.verbs[verb])

    def _without_verb(self, options: list[str]) -> int:
        """Answer the command alone, `--help` and `--version`."""
        if _HELP_WORDS & set(options):
            self._overview().print_help()
            return 0
        self._top_parser().parse_args([*options, "VERB"])
        self._overview().print_help(sys.stderr)
        return FAULT

    def _top_parser(self, epilog: str = "") -> argparse.ArgumentParser:
        """Return the parser of what may stand before the verb."""
        parser = argparse.ArgumentParser(
            prog=self.name,
            usage=f"{self.name} [-h] [--version] [--debug] VERB ...",
            description=self.description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument("--version", action=_Version, nargs=0, help="show the installed version and stop")
        parser.add_argument("--debug", action="store_true", help=_DEBUG_HELP)
        parser.add_argument("verb", metavar="VERB", help="one of the verbs below")
        return parser

    def _overview(self) -> argparse.ArgumentParser:
        """Return the top parser with a line for every verb, and the examples."""
        width = max(map(len, self.verbs)) + 2
        lines = [f"  {verb:<{width}}{self._load(verb).HELP}" for verb in self.verbs]
        more = f"`{self.name} VERB --help` explains one verb."
        return self._top_parser("\n".join(["verbs:", *lines, "", "examples:", self.examples, "", more]))


def installed_version() -> str:
    """Return the version of the installed distribution; its metadata is read only when asked for."""
    from importlib.metadata import version

    return version(DISTRIBUTION)


class _Version(argparse.Action):
    """Prints the installed version and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"{parser.prog} {installed_version()}")
        parser.exit()
