import pytest
import torch

from lightning_pose.build.machine import (
    choose_precision,
    cpu_has_bf16,
    least_steps,
    total_steps,
    trainer_options,
)
from lightning_pose.core.errors import ConfigError


def test_length_in_epochs_and_in_steps_agree(config):
    assert total_steps(config(max_epochs=10), batches=7) == 70
    assert total_steps(config(max_epochs=10, accumulate_grad_batches=3), batches=7) == 30
    assert total_steps(config(max_steps=5), batches=7) == 5
    assert least_steps(config(min_epochs=2), batches=7) == 14
    assert trainer_options(config(max_steps=15), batches=7)["max_epochs"] == 3
    assert trainer_options(config(max_steps=14), batches=7)["max_epochs"] == 2


def test_precision_is_reduced_only_where_the_processor_has_it(monkeypatch):
    assert choose_precision("fp32", "cpu") == "32-true"
    assert choose_precision("bf16", "cpu") == "bf16-mixed"
    assert choose_precision("auto", "cpu") == ("bf16-mixed" if cpu_has_bf16() else "32-true")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, "amx_bf16": False})
    assert choose_precision("auto", "cpu") == "32-true"


def test_half_precision_without_a_gpu_is_refused_with_what_there_is():
    with pytest.raises(ConfigError, match="fp16 is for GPUs; on a processor choose bf16, fp32 or auto"):
        choose_precision("fp16", "cpu")


@pytest.mark.parametrize(("accelerator", "there"), [("auto", 1), ("cuda", 0), ("gpu", 1)])
def test_more_gpus_than_there_are_are_refused(config, monkeypatch, accelerator, there):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    with pytest.raises(ConfigError, match=f"2 GPUs are asked for and {there} are here"):
        trainer_options(config(max_steps=1, num_devices=2, accelerator=accelerator), batches=1)


def test_processors_train_together_in_as_many_processes_as_asked_for(config, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    options = trainer_options(config(max_steps=1, num_devices=3, gradient_clip=0.5), batches=1)
    assert (options["devices"], options["gradient_clip_val"]) == (3, 0.5)
    one = trainer_options(config(max_steps=1, num_devices=3, accelerator="mps", num_gpus=0), batches=1)
    assert (one["devices"], one["accelerator"]) == (3, "cpu")


def test_apples_gpu_is_refused_with_the_reason_and_never_chosen(config, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(ConfigError, match="single precision"):
        trainer_options(config(max_steps=1, accelerator="mps"), batches=1)
    assert trainer_options(config(max_steps=1), batches=1)["accelerator"] == "cpu"
