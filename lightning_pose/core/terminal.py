"""The manners of every command line: faults for people as messages, exit codes, colour."""

import errno
import os
import sys
from collections.abc import Callable

from lightning_pose.core.errors import PoseError

FAULT = 2
INTERRUPTED = 130  # 128 + SIGINT, what a shell reports for a program that Ctrl-C ended

# Faults of the machine that a person can mend: they need a sentence, not a traceback.
_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up: free some space and run the same command again",
    errno.EROFS: "the folder is on a read-only disk: name another one",
    errno.EACCES: "permission denied: check who owns the file, or name another folder",
    errno.ENOTDIR: "a part of this path is a file, where a folder is expected: name another one",
}


def guarded(action: Callable[[], int], *, debug: bool = False) -> int:
    """Run a program's body and turn what ends it into an exit code.

    A `PoseError` becomes a red message on stderr and exit code 2, and so does a full, read-only or forbidden
    disk. Ctrl-C becomes exit code 130; a program that can go on later says how in the exception's message.
    Anything else is a defect of ours and keeps its traceback.

    Args:
        action: the program's body, which returns an exit code.
        debug: let every exception through with its traceback.

    Raises:
        Exception: whatever `action` raises that the user cannot mend, or anything at all with `debug`.
    """
    if debug:
        return action()
    try:
        return action()
    except PoseError as error:
        return _fault(str(error))
    except KeyboardInterrupt as interrupt:
        print_error(f"interrupted. {interrupt}".rstrip())
        return INTERRUPTED
    except BrokenPipeError:
        # The reader left (`litpose ... | head`). Python would complain again when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno not in _ADVICE:
            raise
        where = f"{error.filename}: " if error.filename else ""
        return _fault(f"{where}{_ADVICE[error.errno]}")


def print_error(message: str) -> None:
    """Print a message to stderr, in red where a terminal reads it and `NO_COLOR` is not set."""
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        message = f"\033[31m{message}\033[0m"
    print(message, file=sys.stderr)


def _fault(message: str) -> int:
    """Print what is wrong and return the exit code for it."""
    print_error(f"error: {message}")
    return FAULT
