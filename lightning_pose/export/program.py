"""Export a model, or every member of an ensemble, and hold what was written to the network."""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.core.files import atomic_path, hash_file, write_json
from lightning_pose.core.shell import installed_version
from lightning_pose.data.images import MEAN, STD
from lightning_pose.export.engines import EXTRA, Answer, Engine
from lightning_pose.export.graph import Graph
from lightning_pose.export.record import (
    Agreement,
    ExportRecord,
    Precision,
    Runtime,
    export_path,
    record_path,
)
from lightning_pose.model_dir import ModelDir, load_network, members

OPSET = 18  # of ONNX; programs of 2023 and later read it
NEAR_PX = 0.05  # an export in fp32 that is farther from its network than this is wrong
SHARE = 0.9  # of the points that have to be as near; on noise, a few have two peaks that are equally high
CHECKED = 4  # images, or instants, of noise


class Exported(NamedTuple):
    """One exported network."""

    member: str  # of an ensemble; empty for a single model
    path: Path
    record: ExportRecord


def export_model(
    folder: Path | str,
    runtime: Runtime = "onnx",
    *,
    precision: Precision = "fp32",
    max_batch_size: int | None = None,
) -> list[Exported]:
    """Export the network of a model folder, or those of all members of an ensemble.

    Images go in as RGB bytes at the network's size, and keypoints in its pixels and calibrated confidences
    come out: normalisation and decoding are inside. What was written is run before it gets its name, and has
    to say what the network says.

    Args:
        folder: what `litpose train` wrote.
        runtime: what is to run it.
        precision: of the layers.
        max_batch_size: longest first axis that it is made for; None is any.

    Raises:
        ModelError: when the folder is no model, or the export does not say what its network says.
        ConfigError: when a library is missing, or the batch size too small for a network with context.
    """
    if runtime == "onnx":
        lacking = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
        if lacking:
            raise ConfigError(f"--runtime onnx needs {', '.join(lacking)}: {EXTRA}")
    return [
        _export(name, member, runtime, precision, max_batch_size) for name, member in members(folder).items()
    ]


def _export(
    name: str, model: ModelDir, runtime: Runtime, precision: Precision, max_batch_size: int | None
) -> Exported:
    """Export one network."""
    checkpoint = model.checkpoint()
    graph = Graph(load_network(model, checkpoint=checkpoint)).eval()
    network, config, size = graph.network, model.config, model.image_size
    stride = network.backbone.strides[-1]
    record = ExportRecord(
        runtime=runtime,
        precision=precision,
        model_type=config.model.model_type,
        keypoints=model.keypoint_names,
        views=model.view_names,
        height=size[0],
        width=size[1],
        joint_views=network.joint_views,
        context=network.context,
        rays=(size[0] // stride, size[1] // stride) if graph.takes_rays else None,
        temperature=graph.temperature,
        mean=MEAN,
        std=STD,
        max_batch_size=max_batch_size,
        checkpoint=checkpoint.name,
        checkpoint_sha256=hash_file(checkpoint),
        agreement=None,
        version=installed_version(),
    )
    if max_batch_size is not None and network.context and max_batch_size < record.least_frames + 1:
        raise ConfigError(
            f"--max-batch-size {max_batch_size}: this network looks at {2 * network.context + 1} frames in a "
            f"row, so expected {record.least_frames + 1} or more"
        )
    path = export_path(model, runtime, precision)
    with torch.no_grad(), _quiet():
        example = graph.example(len(record.views), size, record.rays, CHECKED)
        expected = Answer(*(values.numpy() for values in graph(**example)))
        if precision == "fp16":
            graph.round_to_half()
        content = _trace(graph, record)
        with atomic_path(path) as temporary:
            _write(content, temporary, record)
            found = Engine(temporary, record)(**{name: values.numpy() for name, values in example.items()})
            record = replace(record, agreement=_compare(found, expected, precision))
        write_json(record_path(path), record.to_json())
    return Exported(name, path, record)


def _trace(graph: Graph, record: ExportRecord) -> Any:
    """Return the program that torch's exporter makes of a network."""
    # an example as long as an axis may be is taken for one that never differs
    count = 2 if record.max_batch_size is None else min(2, record.max_batch_size)
    example = graph.example(len(record.views), (record.height, record.width), record.rays, count)
    axes = graph.dynamic_axes(record.max_batch_size)
    shapes = {name: axes[name] for name in example}
    program = torch.export.export(graph, (), example, dynamic_shapes=shapes)
    if record.runtime == "torch_export":
        return program
    found = torch.onnx.export(
        program,
        (),
        kwargs=example,
        dynamic_shapes=shapes,
        input_names=list(example),
        output_names=["xy", "confidence"],
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    assert found is not None
    return found


def _write(content: Any, path: Path, record: ExportRecord) -> None:
    """Write an export with its record inside."""
    facts = record.to_json()
    if record.runtime == "torch_export":
        torch.export.save(content, path, extra_files={"litpose.json": json.dumps(facts)})
        return
    texts = {name: v if isinstance(v, str) else json.dumps(v) for name, v in facts.items()}
    content.model.metadata_props.update({f"litpose.{name}": text for name, text in texts.items()})
    content.model.producer_name, content.model.producer_version = "litpose", record.version
    content.save(str(path))


def _compare(found: Answer, expected: Answer, precision: Precision) -> Agreement:
    """Return how far an export is from its network.

    Raises:
        ModelError: when that is farther than rounding explains.
    """
    distance = np.linalg.norm(found.xy - expected.xy, axis=-1)
    doubt = float(np.abs(found.confidence - expected.confidence).max())
    agreement = Agreement(float(np.median(distance)), float(distance.max()), doubt)
    if precision == "fp32" and (distance < NEAR_PX).mean() < SHARE:
        raise ModelError(
            "the export does not say what the network says: keypoints differ by "
            f"{agreement.median_px:.3g} px (median) and up to {agreement.max_px:.3g} px. This is a fault of "
            f"the exporter of torch {torch.__version__}: predict without --runtime, and report it with the "
            "configuration of the model"
        )
    return agreement


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter from telling of libraries that it could use, and of its own plans."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
