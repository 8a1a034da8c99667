"""`litpose app`: opens the viewer in the browser."""

import argparse
from pathlib import Path

HELP = "look at a project or a demo in the browser: videos, traces, and the skeleton in 3D"
EXAMPLES = """examples:
  litpose app demo                        what `litpose demo` left in ./demo
  litpose app path/to/project             a project of your own
  litpose app demo --port 8600 --no-browser

The page is served on this machine only (127.0.0.1), unless --host names another address.
It shows files inside the given folder and changes none of them. Ctrl-C ends it.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose app`."""
    parser.epilog = EXAMPLES
    folder_help = "project or demo folder (default: the current one)"
    parser.add_argument("project", type=Path, nargs="?", default=Path(), help=folder_help)
    parser.add_argument("--port", type=int, default=8501, help="port to serve on (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: %(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def run(args: argparse.Namespace) -> int:
    """Become the viewer's server: a signal that ends this process then leaves no server behind."""
    import os

    command = server_command(args.project, port=args.port, host=args.host, browser=not args.no_browser)
    os.execv(command[0], command)


def server_command(project: Path, *, port: int, host: str, browser: bool) -> list[str]:
    """Return the command that serves `project`: Streamlit with statistics off and files kept inside.

    Raises:
        DataError: when `project` is not a folder.
        ConfigError: when the `app` extra is not installed.
    """
    import sys
    from importlib.util import find_spec

    from lightning_pose.core.errors import ConfigError, DataError

    if not project.is_dir():
        raise DataError(f"expected a project or demo folder, but {project} is not a folder")
    script = find_spec("apps.main")
    if find_spec("streamlit") is None or script is None or script.origin is None:
        raise ConfigError("the viewer needs the `app` extra: pip install 'lightning-pose-3d[app]'")
    settings = {
        "server.address": host,
        "server.port": port,
        "server.headless": str(not browser).lower(),
        "server.showEmailPrompt": "false",  # it would wait for an answer on the terminal
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "theme.primaryColor": "#0f766e",
    }
    flags = [f"--{key}={value}" for key, value in settings.items()]
    return [sys.executable, "-m", "streamlit", "run", script.origin, *flags, "--", str(project.resolve())]
