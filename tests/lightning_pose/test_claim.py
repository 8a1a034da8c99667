import pytest

from lightning_pose.claim import claim_config, claim_folder, is_complete
from lightning_pose.config import Config
from lightning_pose.core.errors import ConfigError
from lightning_pose.core.files import write_json


def test_an_empty_folder_is_taken_and_a_model_is_overwritten_on_request(tmp_path):
    folder = tmp_path / "a" / "b"
    claim_folder(folder, resume=False, overwrite=False)
    claim_config(folder, Config())
    (folder / "weights").write_text("old")
    with pytest.raises(ConfigError, match="not empty"):
        claim_folder(folder, resume=False, overwrite=False)
    claim_folder(folder, resume=True, overwrite=False)
    assert (folder / "weights").exists()
    claim_folder(folder, resume=False, overwrite=True)
    assert not list(folder.iterdir())


def test_contradictions_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="choose one"):
        claim_folder(tmp_path, resume=True, overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        claim_folder(tmp_path / "file", resume=False, overwrite=False)


def test_only_settings_that_change_the_result_hinder_resuming(tmp_path):
    claim_config(tmp_path, Config())
    changed = Config()
    changed.training.cache_gib = 1.0
    claim_config(tmp_path, changed)
    changed.training.optimizer_params.learning_rate = 0.5
    changed.model.backbone = "resnet34"
    with pytest.raises(ConfigError) as caught:
        claim_config(tmp_path, changed)
    assert "training.optimizer_params.learning_rate was 0.002 and is now 0.5" in str(caught.value)
    assert "model.backbone was resnet18 and is now resnet34" in str(caught.value)


def test_a_training_is_complete_when_its_status_says_so(tmp_path):
    assert not is_complete(tmp_path)
    for status in ("TRAINING", "COMPLETED"):
        write_json(tmp_path / "train_status.json", {"status": status})
    assert is_complete(tmp_path)
