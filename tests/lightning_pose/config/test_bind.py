from dataclasses import dataclass, field
from typing import Literal

from lightning_pose.config.bind import bind


@dataclass
class Inner:
    rate: float = 1.0
    mode: Literal["none", "fast"] = "none"


@dataclass
class Outer:
    inner: Inner = field(default_factory=Inner)
    count: int | float = 1
    names: list[str] | str | None = None
    parts: dict[str, Inner] = field(default_factory=dict)


def test_values_of_every_kind_are_taken():
    data = {
        "inner": {"rate": "1e-3", "mode": "fast"},
        "count": 1.0,
        "names": ["a"],
        "parts": {"x": {"rate": 2}},
    }
    bound = bind(Outer, data)
    assert not bound.faults
    assert bound.record == Outer(Inner(1e-3, "fast"), 1.0, ["a"], {"x": Inner(2.0)})
    assert isinstance(bound.record.count, float)  # a share stays a share, a count a count
    assert isinstance(bind(Outer, {"count": 1}).record.count, int)
    assert bind(Outer, {"names": "a", "inner": None}).record == Outer(names="a")


def test_all_faults_are_found_and_the_nearest_key_is_named():
    data = {
        "inner": {"rat": 3, "mode": "slow"},
        "count": True,
        "names": 5,
        "parts": {"x": {"mode": 1}},
        "zzz": 1,
    }
    bound = bind(Outer, data)
    assert bound.guesses == {"inner.rate"}
    assert bound.faults == [
        "inner.rat: there is no such key; did you mean `inner.rate`?",
        "inner.mode: expected one of none, fast, got 'slow'",
        "count: expected a whole number or a number, got True",
        "names: expected a list (each: text) or text, got 5",
        "parts.x.mode: expected one of none, fast, got 1",
        "zzz: there is no such key; known here are inner, count, names, parts",
    ]
    assert bound.record == Outer(parts={"x": Inner()})
