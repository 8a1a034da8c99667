"""Fill a dataclass from plain nested data, and say everything that does not fit."""

import dataclasses
import difflib
import types
from collections.abc import Iterable, Mapping
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


@dataclasses.dataclass(frozen=True)
class Bound(Generic[Record]):
    """A filled record and what was wrong with the data; a faulty key has its default."""

    record: Record
    faults: list[str]
    guesses: set[str]  # keys that a misspelling probably meant


def bind(schema: type[Record], data: Mapping[str, Any]) -> Bound[Record]:
    """Fill the dataclass `schema` from nested data, key by key, checking names and types."""
    binder = _Binder()
    return Bound(binder.section(schema, data, ""), binder.faults, binder.guesses)


def nearest(word: str, words: Iterable[Any]) -> str | None:
    """Return the word most alike, if any is alike at all."""
    return next(iter(difflib.get_close_matches(word, [str(w) for w in words], n=1, cutoff=0.6)), None)


class _MisfitError(Exception):
    """What a value was expected to be."""


_DEFAULT = object()  # the schema's own default is to stand


class _Binder:
    """Collects faults while it walks."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.guesses: set[str] = set()

    def section(self, schema: Any, data: Mapping[Any, Any], where: str) -> Any:
        """Fill one dataclass; `where` is the dotted path so far."""
        hints = get_type_hints(schema)
        values = {}
        for key, value in data.items():
            if key in hints:
                self._keep(values, str(key), hints[key], value, f"{where}{key}")
            else:
                self.faults.append(self._unknown(str(key), hints, where))
        return schema(**values)

    def _keep(self, values: dict[str, Any], key: str, kind: Any, value: Any, name: str) -> None:
        """Convert one value into `values`, or note why it does not fit."""
        try:
            converted = self._convert(kind, value, name)
        except _MisfitError as expected:
            self.faults.append(f"{name}: expected {expected}, got {_show(value)}")
            return
        if converted is not _DEFAULT:
            values[key] = converted

    def _unknown(self, key: str, hints: Mapping[str, Any], where: str) -> str:
        """Return the fault for a key that the schema does not have."""
        near = nearest(key, hints)
        if near is None:
            return f"{where}{key}: there is no such key; known here are {', '.join(hints)}"
        self.guesses.add(f"{where}{near}")
        return f"{where}{key}: there is no such key; did you mean `{where}{near}`?"

    def _convert(self, kind: Any, value: Any, name: str) -> Any:
        """Return `value` as `kind`.

        Raises:
            _MisfitError: with what was expected.
        """
        origin, args = get_origin(kind), get_args(kind)
        if kind is Any:
            return value
        if origin in (Union, types.UnionType):
            return self._union(args, value, name)
        if origin is Literal:
            if str(value) not in args:
                raise _MisfitError(_words(kind))
            return str(value)
        if dataclasses.is_dataclass(kind) or origin is dict:
            return self._mapping(kind, value, name)
        if origin is list:
            if not isinstance(value, list | tuple):
                raise _MisfitError(_words(kind))
            return [self._convert(args[0], item, f"{name}[{i}]") for i, item in enumerate(value)]
        return _scalar(kind, value)

    def _mapping(self, kind: Any, value: Any, name: str) -> Any:
        """Fill a section, or a dictionary of them; an emptied one keeps its defaults."""
        if value is None:
            return _DEFAULT
        if not isinstance(value, Mapping):
            raise _MisfitError(_words(kind))
        if get_origin(kind) is not dict:
            return self.section(kind, value, f"{name}.")
        result: dict[str, Any] = {}
        for key, item in value.items():
            self._keep(result, str(key), get_args(kind)[1], item, f"{name}.{key}")
        return result

    def _union(self, kinds: tuple[Any, ...], value: Any, name: str) -> Any:
        """Return the value as the first kind that fits it."""
        if value is None and type(None) in kinds:
            return None
        kinds = tuple(kind for kind in kinds if kind is not type(None))
        # a value that is of one of the kinds already stays it: 1.0 is a share and 1 a count
        for kind in sorted(kinds, key=lambda kind: type(value) is not kind):
            try:
                return self._convert(kind, value, name)
            except _MisfitError:
                continue
        raise _MisfitError(" or ".join(dict.fromkeys(_words(kind) for kind in kinds)))


def _scalar(kind: type, value: Any) -> Any:
    """Return a plain value; whole numbers pass as float, and so does 1e-3, which is text to YAML 1.1."""
    if kind is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            raise _MisfitError(_words(kind)) from None
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise _MisfitError(_words(kind))


def _words(kind: Any) -> str:
    """Return a type as a person says it."""
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    if kind in names:
        return names[kind]
    if get_origin(kind) is list:
        return f"a list (each: {_words(get_args(kind)[0])})"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_words(k) for k in get_args(kind) if k is not type(None)))
    return "anything" if kind is Any else "a section with keys of its own"


def _show(value: Any) -> str:
    """Return a value as YAML shows it, shortened."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
