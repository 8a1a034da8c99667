"""`litpose app`: opens the app in the browser."""

import argparse
from pathlib import Path

HELP = "label, and look at a project or a demo in the browser: videos, traces, and the skeleton in 3D"
EXAMPLES = """examples:
  litpose app path/to/project             a project of your own
  litpose app demo                        what `litpose demo` left in ./demo
  litpose app                             the current folder if it is a project, else the recent ones
  litpose app demo --port 8600 --no-browser
  litpose app project --host 0.0.0.0      for others on the network too: a token is made and shown

The page is served on this machine only (127.0.0.1), unless --host names another address.
Labels are saved as they are made. Ctrl-C ends it; what was started from it goes on.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose app`."""
    parser.epilog = EXAMPLES
    folder_help = "project or demo folder (default: the current one if it is a project, else a choice)"
    parser.add_argument("project", type=Path, nargs="?", help=folder_help)
    port_help = "port to serve on; 0 takes any that is free (default: %(default)s)"
    parser.add_argument("--port", type=int, default=8501, help=port_help)
    host_help = "address to serve on (default: %(default)s); others than this machine need a token"
    parser.add_argument("--host", default="127.0.0.1", help=host_help)
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def run(args: argparse.Namespace) -> int:
    """Become the app's server: a signal that ends this process then leaves no server behind."""
    import os

    command = server_command(args.project, port=args.port, host=args.host, browser=not args.no_browser)
    os.execv(command[0], command)


def server_command(project: Path | None, *, port: int, host: str, browser: bool) -> list[str]:
    """Return the command that serves `project`; without one, the current folder if it is a project.

    Raises:
        DataError: when `project` is not a folder.
        ConfigError: when the `app` extra is not installed.
    """
    import sys
    from importlib.util import find_spec

    from lightning_pose.core.errors import ConfigError, DataError
    from lightning_pose.core.project import is_project

    if project is not None and not project.is_dir():
        raise DataError(f"expected a project or demo folder, but {project} is not a folder")
    if find_spec("streamlit") is None or find_spec("apps.server") is None:
        raise ConfigError("the app needs the `app` extra: pip install 'lightning-pose-3d[app]'")
    if project is None and is_project(Path()):
        project = Path()
    command = [sys.executable, "-m", "apps.server", "--port", str(port), "--host", host]
    if not browser:
        command.append("--no-browser")
    return command if project is None else [*command, str(project.resolve())]
