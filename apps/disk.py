"""Faults of the disk that a person can mend, as sentences for a page."""

import errno
import sqlite3

_SAID = {
    errno.ENOSPC: "The disk is full: free some space and try again.",
    errno.EDQUOT: "The disk quota is used up: free some space and try again.",
    errno.EROFS: "The folder is on a read-only disk: choose another one.",
    errno.EACCES: "Permission denied: look who owns the file, or choose another folder.",
    errno.EPERM: "Permission denied: look who owns the file, or choose another folder.",
    errno.ENOTDIR: "A part of this path is a file, where a folder is expected: choose another one.",
}


def disk_fault(error: BaseException) -> str | None:
    """Return what is wrong with the disk and what to do; None of a fault that is not the disk's."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_FULL:
            return _SAID[errno.ENOSPC]
        if code == sqlite3.SQLITE_READONLY:
            return _SAID[errno.EROFS]
        return None
    if not isinstance(error, OSError) or error.errno not in _SAID:
        return None
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{_SAID[error.errno]}"
