"""What makes partial predictions those of something else."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

from lightning_pose.core.sessions import check_session
from lightning_pose.export.record import export_path
from lightning_pose.predict import Options
from lightning_pose.predict.identity import identify
from lightning_pose.predict.model import open_model


def test_what_changes_predictions_is_in_it_and_what_does_not_is_not(
    film_session: Callable[..., dict[str, Path]], make_model: Callable[..., Path], world, tmp_path: Path
):
    folder = make_model()
    model = open_model(folder)
    session = check_session("s1", film_session(counts={"cam1": 2, "cam2": 2, "cam3": 2}), model.views)
    base = identify(session, world.rig, model, Options())
    assert json.loads(json.dumps(base)) == base

    def changed(**options: object) -> set[str]:
        other = identify(session, world.rig, model, dataclasses.replace(Options(), **options))
        return {key for key in base if base[key] != other[key]}

    assert not changed(batch_size=3, in_flight=2, num_workers=4, skip_viz=True, out_dir=tmp_path)
    assert changed(precision="fp32") == {"precision"}
    assert changed(runtime="onnx") == {"runtime", "export"}
    assert changed(detector_model=folder) == {"detector", "calibration"}  # boxes come from space
    boxes = tmp_path / "boxes"
    boxes.mkdir()
    (boxes / "s1_cam2_bbox.csv").write_text(",x,y,h,w\n")
    assert changed(bbox_dir=boxes) == {"set of boxes"}
    other = identify(session, None, model, Options())
    assert other == base  # this network is not told of cameras
    smaller = open_model(folder, ["data.image_resize_dims.width=64"])
    assert identify(session, None, smaller, Options())["configuration"] != base["configuration"]
    batches = open_model(folder, ["training.val_batch_size=64"])
    assert identify(session, None, batches, Options()) == base
    saved = folder / "config.yaml"
    saved.write_text(saved.read_text().replace("camera_tokens: false", "camera_tokens: true"))
    assert identify(session, world.rig, open_model(folder), Options())["calibration"] is not None
    export = export_path(next(iter(model.members.values())), "onnx", "fp32")
    export.parent.mkdir()
    seen = []
    for content in (b"one", b"two"):
        export.write_bytes(content)
        seen.append(identify(session, None, model, Options(runtime="onnx"))["export"])
    assert seen[0] != seen[1]
    video = session.videos["cam2"]
    video.write_bytes(video.read_bytes() + bytes(1))
    assert identify(session, None, model, Options())["video"] != base["video"]
