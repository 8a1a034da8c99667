"""What a training has to run on."""

import os

from lightning_pose.recommend.machine import (
    QUERY,
    Gpu,
    Machine,
    ask,
    has_weights,
    inspect_machine,
    parse_gpus,
)


def test_the_gpus_are_what_the_driver_lists():
    text = "NVIDIA H200, 143771\nTesla T4, 15360\n"
    assert parse_gpus(text) == (Gpu("NVIDIA H200", 143771 / 1024), Gpu("Tesla T4", 15.0))
    assert parse_gpus("NVIDIA-SMI has failed, no driver\n") == ()
    assert parse_gpus("") == ()


def test_the_machine_is_asked_through_the_function_given():
    asked = []
    machine = inspect_machine(lambda command: asked.append(command) or "Card, 8192\n")
    assert asked == [QUERY]
    assert machine.gpus == (Gpu("Card", 8.0),) and machine.has_gpu
    assert 1 <= machine.cores <= (os.cpu_count() or 1)
    assert "Card with 8 GiB" in machine.describe()


def test_a_command_that_is_not_there_answers_nothing():
    assert ask(("litpose-no-such-command",)) == ""
    assert ask(("false",)) == ""


def test_it_is_said_when_there_is_no_gpu():
    assert Machine(2, 8.0).describe() == "2 cores, 8 GiB of memory, no GPU"
    assert Machine(2, None).describe() == "2 cores, no GPU"


def test_apples_gpu_is_seen_and_is_none_to_train_on(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    machine = inspect_machine(lambda command: "")
    assert machine.has_apple_gpu and not machine.has_gpu
    assert machine.describe().endswith("Apple's GPU, which training cannot use")


def test_weights_are_at_hand_once_a_file_of_them_was_downloaded(tmp_path, monkeypatch):
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert not has_weights("microsoft/resnet-50") and not has_weights(None)
    snapshot = tmp_path / "hub" / "models--microsoft--resnet-50" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    assert not has_weights("microsoft/resnet-50")
    (snapshot / "model.safetensors").write_text("")
    assert has_weights("microsoft/resnet-50")
