"""`litpose recommend`: looks at a project and writes a configuration with its reasons."""

import argparse
from pathlib import Path

HELP = "look at a project and write a configuration for it, with reasons"
EPILOG = """\
examples:
  litpose recommend path/to/project                            writes path/to/project/config.yaml
  litpose recommend path/to/project --print_only
  litpose recommend path/to/project --output mine.yaml

No file is overwritten: where there is one, the time is added to the new name.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("project", type=Path, metavar="PROJECT", help="folder with labels and images")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--output", type=Path, metavar="PATH", help="file to write (default: config.yaml in the project)"
    )
    where.add_argument("--print_only", action="store_true", help="print the configuration, write nothing")
    where.add_argument(
        "--json", action="store_true",
        help="print choices, reasons and what else there is for programs, write nothing",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print what was found, and write or print the configuration.

    Raises:
        PoseError: when the folder is no project, its labels cannot be used, or the output is no YAML file.
    """
    import json

    from lightning_pose.core.errors import ConfigError
    from lightning_pose.recommend.facts import inspect_project
    from lightning_pose.recommend.machine import inspect_machine
    from lightning_pose.recommend.offer import offer
    from lightning_pose.recommend.render import render, report, write_config
    from lightning_pose.recommend.rules import recommend

    if args.output is not None and args.output.suffix != ".yaml":
        raise ConfigError(f"--output: expected a file that ends in .yaml, got {args.output}")
    facts, machine = inspect_project(args.project), inspect_machine()
    found = report(facts, machine)
    choices = recommend(facts, machine)
    if args.json:
        print(json.dumps(offer(facts, machine, choices, found)))
        return 0
    if args.print_only or (args.output and args.output.parent.resolve() != facts.folder.resolve()):
        place = str(facts.folder.resolve())
        choices = [c._replace(value=place) if c.key == "data.data_dir" else c for c in choices]
    text = render(choices, ["Recommended by `litpose recommend`. What it saw:", "", *found[1:]])
    if args.print_only:
        print(text, end="")
        return 0
    path = write_config(facts.folder, text, args.output)
    print("\n".join(found))
    print(f"\nconfiguration: {path}\ntrain with: litpose train {path} --output_dir models/first")
    return 0
