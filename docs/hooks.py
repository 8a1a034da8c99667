"""Puts each command's own `--help` into its page when the site is built: the page cannot lag behind."""

import os
import re
import subprocess
import sys
from typing import Any

# A line `--8<-- help: litpose train` becomes the text that the command prints.
HELP_LINE = re.compile(r"^--8<-- help: (litpose|eks)((?: [a-z_-]+)*)$", re.MULTILINE)
MODULES = {"litpose": "lightning_pose.cli.main", "eks": "eks.cli"}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace every help line of a page by the help text; called by mkdocs for each page."""
    return HELP_LINE.sub(lambda match: help_block(match[1], match[2].split()), markdown)


def help_block(program: str, verbs: list[str]) -> str:
    """Return what `program verbs --help` prints, as a fenced block.

    Raises:
        CalledProcessError: when the command does not know the verb.
    """
    command = f"import sys; from {MODULES[program]} import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", command, *verbs, "--help"],
        env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return f"```text\n{done.stdout.rstrip()}\n```"
