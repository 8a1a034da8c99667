import dataclasses
from pathlib import Path
from typing import Any, get_args, get_type_hints

from lightning_pose.config import Config

PAGE = Path(__file__).parents[3] / "docs" / "formats" / "config.md"


def section_of(kind: Any) -> type | None:
    """Return the dataclass in `Section | None` or in `dict[str, Section]`."""
    found = [part for part in (kind, *get_args(kind)) if dataclasses.is_dataclass(part)]
    return found[0] if found else None  # type: ignore[return-value]


def leaves(schema: type) -> list[str]:
    """Return the last part of every key."""
    found = []
    for field in dataclasses.fields(schema):
        section = section_of(get_type_hints(schema)[field.name])
        found += [field.name] if section is None else leaves(section)
    return found


def test_every_key_has_its_place_in_the_documentation():
    text = PAGE.read_text(encoding="utf-8")
    assert not [key for key in leaves(Config) if f"`{key}`" not in text and f".{key}`" not in text]
