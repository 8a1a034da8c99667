"""`litpose check`: looks at everything in a project and says what is wrong."""

import argparse
from pathlib import Path

HELP = "look at a project and say what is missing or does not fit together"
EPILOG = """\
examples:
  litpose check path/to/project

Nothing is written. The exit code is 2 where there is an error, 0 where there are only warnings and notes.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("project", type=Path, metavar="PROJECT", help="folder of the project")


def run(args: argparse.Namespace) -> int:
    """Print every issue, the gravest first."""
    from lightning_pose.core.terminal import FAULT
    from lightning_pose.projects.health import check_project

    issues = check_project(args.project)
    for issue in issues:
        print(f"{issue.severity}: {issue.subject}: {issue.text}")
    if not issues:
        print("nothing is wrong")
    return FAULT if any(issue.severity == "error" for issue in issues) else 0
