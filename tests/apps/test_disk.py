"""A full disk is a sentence with what to do, whoever met it; other faults stay what they are."""

import errno
import os
import sqlite3

import pytest

from apps.disk import disk_fault


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "denied"),
    ],
)
def test_a_fault_of_the_disk_names_the_file_and_what_to_do(number, said):
    sentence = disk_fault(OSError(number, os.strerror(number), "some/file.csv"))
    assert sentence is not None and sentence.startswith("some/file.csv: ") and said in sentence


def test_a_database_that_may_not_grow_says_that_the_disk_is_full():
    link = sqlite3.connect(":memory:", isolation_level=None)
    link.execute("CREATE TABLE t (x)")
    link.execute(f"PRAGMA max_page_count = {link.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(sqlite3.OperationalError) as caught:
        link.execute("INSERT INTO t VALUES (zeroblob(100000))")
    assert "disk is full" in (disk_fault(caught.value) or "")


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), OSError("no number"), FileNotFoundError(2, "gone"), sqlite3.OperationalError("no")],
)
def test_other_faults_are_not_the_disks(error):
    assert disk_fault(error) is None
