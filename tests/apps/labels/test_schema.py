import sqlite3

import pytest

from apps.labels import LabelStore, schema
from lightning_pose.core.errors import DataError

NOW = len(schema.MIGRATIONS)
LATER = (
    "CREATE TABLE colours (client TEXT PRIMARY KEY, colour TEXT); INSERT INTO colours VALUES ('a', 'teal');"
)


@pytest.fixture
def database(two_views):
    with LabelStore.open(two_views) as store:
        store.annotate(store.frames().id[0], note="old", who="anna")
    return two_views / ".litpose" / "labels.db"


def version(path):
    return sqlite3.connect(path).execute("PRAGMA user_version").fetchone()[0]


def test_an_older_database_is_brought_up_to_date_beside_a_copy(database, two_views, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, LATER))
    with pytest.raises(DataError, match="older version"):
        LabelStore.open(two_views, read_only=True)
    with LabelStore.open(two_views) as store:
        assert store.frames().note[0] == "old"
        assert store._link.execute("SELECT colour FROM colours").fetchall() == [("teal",)]
    assert (version(database), version(database.with_name(f"labels.db.version{NOW}"))) == (NOW + 1, NOW)


def test_a_migration_that_fails_changes_nothing(database, two_views, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, f"{LATER} SELECT nonsense;"))
    with pytest.raises(DataError, match="nonsense"):
        LabelStore.open(two_views)
    assert version(database) == NOW
    monkeypatch.undo()
    with LabelStore.open(two_views) as store:
        assert store.frames().note[0] == "old"


def test_a_newer_database_is_left_alone(database, two_views, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", ())
    with pytest.raises(DataError, match=f"of version {NOW}, but this program knows versions up to 0: update"):
        LabelStore.open(two_views)


def test_what_is_no_database_is_said_and_left_alone(two_views):
    (two_views / ".litpose").mkdir()
    path = two_views / ".litpose" / "labels.db"
    path.write_bytes(b"holiday pictures" * 100)
    with pytest.raises(DataError, match="not a database"):
        LabelStore.open(two_views)
    assert path.read_bytes() == b"holiday pictures" * 100


def test_every_commit_reaches_the_disk(database):
    link = schema.connect(database)
    assert link.execute("PRAGMA synchronous").fetchone()[0] == 3  # extra: the folder too
    assert link.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_a_transaction_is_whole_or_absent(database):
    link = schema.connect(database)
    with pytest.raises(ZeroDivisionError), schema.transaction(link):
        link.execute("UPDATE store SET rev = 99")
        _ = 1 / 0
    assert link.execute("SELECT rev FROM store").fetchone()[0] == 1


def test_a_reader_cannot_write(database, two_views):
    with LabelStore.open(two_views, read_only=True) as reader, pytest.raises(sqlite3.OperationalError):
        reader._link.execute("UPDATE store SET rev = 99")


def test_the_labels_of_the_first_version_are_all_there_in_the_newest(two_views, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        link = schema.connect(two_views / "first.db")
        link.execute("INSERT INTO frames (uid, session, number, labeled) VALUES ('f', 's1', 7, 3)")
        link.close()
    link = schema.connect(two_views / "first.db")
    columns = "uid, number, labeled, queued, since"
    assert link.execute(f"SELECT {columns} FROM frames").fetchall() == [("f", 7, 3, 0, 0)]
    assert link.execute("SELECT COUNT(*) FROM queue").fetchone() == (0,)
