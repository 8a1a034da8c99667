"""From a configuration to the length of a training and the machine that it runs on."""

import math
from typing import TYPE_CHECKING, Any, Literal, cast

import torch

from lightning_pose.config import Config
from lightning_pose.core.errors import ConfigError

if (
    TYPE_CHECKING
):  # its library takes a second to load, and who predicts needs only what is said of processors
    from lightning_pose.data.module import LabeledData

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


def steps_per_epoch(config: Config, data: "LabeledData") -> int:
    """Return the batches of an epoch."""
    limit, n = config.training.limit_train_batches, len(data.sampler)
    if limit is None:
        return n
    return max(1, int(n * limit) if isinstance(limit, float) else min(n, limit))


def epoch_steps(config: Config, batches: int) -> int:
    """Return the steps of the optimiser in an epoch of `batches` batches."""
    return math.ceil(batches / config.training.accumulate_grad_batches)


def total_steps(config: Config, batches: int) -> int:
    """Return the steps of the optimiser in the whole training, of `batches` batches per epoch."""
    training = config.training
    if training.max_steps is not None:
        return training.max_steps
    return (training.max_epochs or 1) * epoch_steps(config, batches)


def least_steps(config: Config, batches: int) -> int:
    """Return the steps before which nothing stops early."""
    training = config.training
    if training.min_steps is not None:
        return training.min_steps
    return (training.min_epochs or 0) * epoch_steps(config, batches)


def trainer_options(config: Config, batches: int) -> dict[str, Any]:
    """Return the arguments of the trainer that the configuration decides; `callbacks.StopAt` counts steps.

    Raises:
        ConfigError: when more GPUs are asked for than there are.
    """
    training = config.training
    accelerator = choose_accelerator(training.accelerator, training.num_gpus)
    limit = training.limit_train_batches
    return {
        "accelerator": accelerator,
        "devices": _devices(training.num_devices, accelerator),
        "precision": choose_precision(training.precision, accelerator),
        "max_epochs": math.ceil(total_steps(config, batches) / epoch_steps(config, batches)),
        "accumulate_grad_batches": training.accumulate_grad_batches,
        "gradient_clip_val": training.gradient_clip,
        "limit_train_batches": 1.0 if limit is None else limit,
        "log_every_n_steps": training.log_every_n_steps,
    }


def choose_accelerator(wanted: str, num_gpus: int | None) -> str:
    """Return what to compute on: a CUDA device where there is one and nothing else is asked for.

    Raises:
        ConfigError: when Apple's GPU is asked for, which has no double precision.
    """
    if num_gpus == 0:
        return "cpu"
    if wanted == "mps":
        raise ConfigError(
            "training.accelerator: mps computes in single precision only, and training moves points and "
            "cameras in double precision; cpu trains on this machine"
        )
    return wanted if wanted != "auto" else "cuda" if torch.cuda.device_count() else "cpu"


def _devices(wanted: int, accelerator: str) -> int:
    """Return how many processes train together, on a GPU each where these are used.

    Raises:
        ConfigError: when there are fewer GPUs.
    """
    there = torch.cuda.device_count() if accelerator in ("auto", "cuda", "gpu") else 0
    if wanted > 1 and (there or accelerator in ("cuda", "gpu")) and wanted > there:
        raise ConfigError(
            f"training.num_devices: {wanted} GPUs are asked for and {there} are here; "
            "training.accelerator=cpu trains on processors"
        )
    return wanted


def choose_precision(wanted: str, accelerator: str) -> Precision:
    """Return the precision to compute in; `auto` is 16 bit where the processor has instructions for it.

    Raises:
        ConfigError: when fp16 is asked for where there is none.
    """
    cuda = accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available()
    if wanted == "fp16" and not cuda:
        raise ConfigError("training.precision: fp16 is for GPUs; on a processor choose bf16, fp32 or auto")
    if wanted != "auto":
        return cast(Precision, {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}[wanted])
    if cuda:
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    return "bf16-mixed" if cpu_has_bf16() else "32-true"


def cpu_has_bf16() -> bool:
    """Return whether the processor multiplies bfloat16 in hardware (AVX512_BF16 or AMX)."""
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
