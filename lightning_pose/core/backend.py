"""The few things that numpy, torch and JAX do not share through the array API."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_jax_array, is_numpy_array, is_torch_array

BLOCK = 1 << 15  # elements of one temporary array: small enough to stay in a core's cache


def detach(x: Any) -> Any:
    """Return `x` cut off from its gradient.

    JAX is looked up among the modules that are loaded already: an array of it cannot exist otherwise.
    """
    if is_torch_array(x):
        return x.detach()
    if is_jax_array(x):
        return sys.modules["jax"].lax.stop_gradient(x)
    return x


def known_values(x: Any) -> np.ndarray | None:
    """Return the values of `x` if it is a constant here: no gradient is taken by it, and it is not traced."""
    if is_numpy_array(x):
        return x
    if is_jax_array(x) and not isinstance(x, sys.modules["jax"].core.Tracer):
        return np.asarray(x)
    return None


def convert(x: Any, like: Any, floating: bool) -> Any:
    """Return `x` in the namespace and on the device of `like`; in its dtype too if `floating`.

    Integers in `like` (images) stand for the namespace's default floating dtype.
    """
    xp = array_namespace(like)
    if is_torch_array(x) and not is_torch_array(like):
        x = x.detach().cpu().numpy()
    dtype = None
    if floating:
        dtype = like.dtype if xp.isdtype(like.dtype, "real floating") else xp.asarray(0.0).dtype
    if is_torch_array(like):
        x = x if is_torch_array(x) else np.array(x)  # a copy: torch warns of arrays it cannot write to
        return xp.asarray(x, dtype=dtype, device=device(like))
    return xp.asarray(x, dtype=dtype)


def iterate(step: Callable[[tuple], tuple], state: tuple, limit: int, done: Callable[[tuple], Any]) -> tuple:
    """Apply `step` to `state` up to `limit` times; stop early when `done(state)`, where that can be asked.

    Under JAX the count is fixed, since a traced value cannot stop a Python loop.
    """
    if is_jax_array(state[0]):
        return sys.modules["jax"].lax.fori_loop(0, limit, lambda _, s: step(s), state)
    for _ in range(limit):
        if bool(done(state)):
            break
        state = step(state)
    return state


def in_blocks(function: Callable[..., tuple], arrays: tuple[Any, ...], rows: int) -> tuple:
    """Apply `function` to blocks of the second axis of numpy arrays "V N ..." and join the results.

    Results have N as their last axis. The blocks keep the temporary arrays in the cache, which makes
    elementwise code on millions of points several times faster. Arrays of other backends pass whole.

    Args:
        function: takes the arrays, returns a tuple of arrays "... N".
        arrays: arrays "V N ...", or None.
        rows: elements that a temporary array of `function` has per point.
    """
    if not is_numpy_array(arrays[0]):
        return function(*arrays)
    count, size = arrays[0].shape[1], max(BLOCK // max(rows, 1), 256)
    if count <= size:
        return function(*arrays)
    parts = [
        function(*(None if a is None else a[:, start : start + size] for a in arrays))
        for start in range(0, count, size)
    ]
    return tuple(np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
