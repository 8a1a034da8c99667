"""What a training has to run on: cores, memory, GPUs, and weights that are there already. No torch."""

import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

QUERY = ("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
_LIMIT = Path("/sys/fs/cgroup/memory.max")  # of a container, in bytes, or the word max


class Gpu(NamedTuple):
    """One graphics card."""

    name: str
    memory_gib: float


class Machine(NamedTuple):
    """Where it runs.

    Attributes:
        cores: processors that this process may use.
        memory_gib: main memory, of the container where there is one; None where it cannot be asked.
        gpus: of NVIDIA.
        has_apple_gpu: whether Metal is there, which has no double precision: training does without it.
    """

    cores: int
    memory_gib: float | None
    gpus: tuple[Gpu, ...] = ()
    has_apple_gpu: bool = False

    @property
    def has_gpu(self) -> bool:
        """Whether a GPU is there that training can use."""
        return bool(self.gpus)

    def describe(self) -> str:
        """Return it in one line."""
        parts = [f"{self.cores} cores"]
        parts += [] if self.memory_gib is None else [f"{self.memory_gib:.0f} GiB of memory"]
        parts += [f"{gpu.name} with {gpu.memory_gib:.0f} GiB" for gpu in self.gpus]
        apple = "Apple's GPU, which training cannot use" if self.has_apple_gpu else "no GPU"
        return ", ".join(parts if self.has_gpu else [*parts, apple])


def ask(command: Sequence[str]) -> str:
    """Return what a command prints; nothing where it is not installed, fails or takes longer than 10 s."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def inspect_machine(answer: Callable[[Sequence[str]], str] = ask) -> Machine:
    """Return what this machine has.

    Args:
        answer: runs a command and returns its output.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    apple = (platform.system(), platform.machine()) == ("Darwin", "arm64")
    return Machine(cores, _memory_gib(), parse_gpus(answer(QUERY)), apple)


def parse_gpus(text: str) -> tuple[Gpu, ...]:
    """Return the GPUs of `nvidia-smi`'s table of names and MiB; what is none of its lines names no GPU."""
    rows = [line.rpartition(",") for line in text.splitlines()]
    return tuple(
        Gpu(name.strip(), float(mib) / 1024) for name, _, mib in rows if name and mib.strip().isdigit()
    )


def has_weights(hub_name: str | None) -> bool:
    """Return whether the weights of this name on the Hugging Face hub were downloaded before."""
    if hub_name is None:
        return False
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    return any(cache.glob(f"models--{hub_name.replace('/', '--')}/snapshots/*/*"))


def _memory_gib() -> float | None:
    """Return the main memory, or less where a container is given less."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    limit = _LIMIT.read_text().strip() if _LIMIT.is_file() else "max"
    return min(total, int(limit) if limit.isdigit() else total) / 2**30
