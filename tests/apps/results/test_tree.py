"""Folders are listed again when something came or went, and only then."""

import os

import pytest

from apps.results.tree import Tree


@pytest.fixture
def root(tmp_path):
    for name in ("a/one.csv", "a/b/two.csv", ".hidden/three.csv", "labeled-data/s/img.png", "a/.part.csv"):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "root"


def settle(root):
    """Make all folders look as if they had last changed long ago."""
    for folder in (root, *[path for path in root.rglob("*") if path.is_dir()]):
        os.utime(folder, (1e9, 1e9))


def test_files_are_found_but_not_what_is_hidden_or_an_image(root):
    found = Tree(root).look()
    assert {folder: listing.files for folder, listing in found.items()} == {
        "": (), "a": ("one.csv",), "a/b": ("two.csv",),
    }  # fmt: skip


def test_where_nothing_changed_nothing_is_listed(root, monkeypatch):
    settle(root)
    tree = Tree(root)
    before, revision = tree.look(), tree.revision
    monkeypatch.setattr(Tree, "_list", lambda *_: pytest.fail("listed again"))
    assert tree.look() == before
    assert tree.revision == revision


def test_what_comes_and_goes_is_seen(root):
    tree = Tree(root)
    seen = [tree.revision]

    def look():
        found = tree.look()
        seen.append(tree.revision)
        return found

    look()
    (root / "a" / "b" / "new.csv").write_text("")
    assert "new.csv" in look()["a/b"].files
    (root / "a" / "one.csv").unlink()
    assert look()["a"].files == ()
    (root / "c").mkdir()
    assert "c" in look()
    (root / "c").rmdir()
    assert "c" not in look()
    assert seen == sorted(set(seen))


def test_a_folder_that_has_just_changed_is_not_trusted_to_be_the_same(root):
    """Two changes may have one time stamp."""
    tree = Tree(root)
    tree.look()
    stamp = (root / "a").stat()
    (root / "a" / "late.csv").write_text("")
    os.utime(root / "a", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert "late.csv" in tree.look()["a"].files


def test_links_that_lead_out_are_named_and_others_followed(root, tmp_path):
    (tmp_path / "secret.csv").write_text("")
    (root / "a" / "out.csv").symlink_to(tmp_path / "secret.csv")
    (root / "a" / "in.csv").symlink_to(root / "a" / "one.csv")
    (root / "a" / "gone.csv").symlink_to(root / "nowhere")
    (root / "a" / "circle").symlink_to(root)
    listing = Tree(root).look()["a"]
    assert listing.files == ("in.csv", "one.csv")
    assert listing.astray == ("out.csv",)
    assert listing.folders == ("b",)
