from pathlib import Path

import pytest
import yaml

import configs
from lightning_pose.config import load_config
from lightning_pose.config.compose import GROUPS, compose_file

SHIPPED = sorted(Path(configs.__file__).parent.glob("*/*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}={path.stem}")
def test_every_shipped_group_binds_and_says_what_it_says(path, toy_project, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump({"data": {"data_dir": str(toy_project())}}))
    config = load_config(file, [f"{path.parent.name}={path.stem}"]).config
    section = getattr(config, path.parent.name)
    for key, value in yaml.safe_load(path.read_text()).items():
        if not isinstance(value, dict):
            assert getattr(section, key) == value


def test_a_file_names_its_groups_and_has_the_last_word_unless_the_command_line_has_it(tmp_path):
    assert {"model", "training"} <= GROUPS
    text = "defaults: [{model: resnet34}, _self_]\nmodel: {head: heatmap_cnn}\n"
    (tmp_path / "c.yaml").write_text(text)
    assert compose_file(tmp_path / "c.yaml")["model"] == {"backbone": "resnet34", "head": "heatmap_cnn"}
    changed = compose_file(tmp_path / "c.yaml", ["model=resnet18", "model.head=heatmap_fpn"])
    assert changed["model"] == {"backbone": "resnet18", "head": "heatmap_fpn"}


def test_files_beside_a_configuration_can_be_its_ground(tmp_path):
    (tmp_path / "base.yaml").write_text("training: {max_steps: 5, min_steps: 2}\n")
    (tmp_path / "c.yaml").write_text("defaults: [base, _self_]\ntraining: {max_steps: 9}\n")
    assert compose_file(tmp_path / "c.yaml")["training"] == {"max_steps": 9, "min_steps": 2}
