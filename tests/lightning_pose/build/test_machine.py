import torch

from lightning_pose.build import choose_precision, cpu_has_bf16, least_steps, total_steps, trainer_options


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
