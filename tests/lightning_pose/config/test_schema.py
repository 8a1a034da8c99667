import dataclasses
from pathlib import Path
from typing import get_type_hints

from lightning_pose.config import Config

PAGE = Path(__file__).parents[3] / "docs" / "formats" / "config.md"
NESTED = {"patch_mask"}  # of no effect as a whole


def leaves(schema: type, start: str = "") -> list[str]:
    """Return the last part of every key."""
    found = []
    for field in dataclasses.fields(schema):
        kind = get_type_hints(schema)[field.name]
        if dataclasses.is_dataclass(kind) and field.name not in NESTED:
            found += leaves(kind, f"{start}{field.name}.")
        else:
            found.append(field.name)
    return found


def test_every_key_has_its_place_in_the_documentation():
    text = PAGE.read_text(encoding="utf-8")
    assert not [key for key in leaves(Config) if f"`{key}`" not in text and f".{key}`" not in text]
