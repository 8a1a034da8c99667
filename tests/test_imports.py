"""Each door opens in a fresh process, and what it must not know is not loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TORCH_WING = {"torch", "pytorch_lightning", "transformers", "kornia", "hydra", "omegaconf"}
FRAMEWORKS = TORCH_WING | {"jax", "streamlit"}
# What numpy users wait for; a prompt's answer must not.
SLOW = FRAMEWORKS | {"numpy", "pandas", "scipy", "cv2", "av", "matplotlib", "pyarrow", "rich"}
# Variables that libraries set when they are imported (OpenCV, torch); ours set none.
THEIRS = ("QT_", "LD_LIBRARY_PATH", "OPENCV", "KMP_", "TORCH", "PYTORCH")

PROBE = """
import contextlib, importlib, io, json, os, resource, sys
before = set(os.environ.items())
names, words = sys.argv[1].split(","), sys.argv[2:]
for name in names:
    module = importlib.import_module(name)
printed = io.StringIO()
if words:
    sys.argv = words
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(printed):
        module.main()
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "modules": sorted({name.split(".")[0] for name in sys.modules}),
    "seconds": used.ru_utime + used.ru_stime,
    "changed": sorted(set(os.environ.items()) ^ before),
    "folder": os.getcwd(),
    "printed": printed.getvalue(),
}))
"""


def opened(names: list[str], *words: str) -> dict:
    """Import modules in a fresh process, and run the last one's `main` when words are given."""
    command = [sys.executable, "-c", PROBE, ",".join(names), *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def modules(folder: str) -> list[str]:
    """Return the dotted names of every module below a folder."""
    paths = [path.relative_to(ROOT).with_suffix("") for path in sorted((ROOT / folder).rglob("*.py"))]
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


# What each door imports, and what must not come along.
DOORS = {
    "packages": (["lightning_pose", "eks", "apps", "configs"], SLOW),
    "core": (modules("lightning_pose/core"), FRAMEWORKS | {"matplotlib"}),
    "synthetic": (modules("lightning_pose/synthetic"), FRAMEWORKS | {"matplotlib"}),
    "frames": (
        modules("lightning_pose/frames") + modules("lightning_pose/report"),
        FRAMEWORKS | {"matplotlib"},
    ),
    "litpose": (modules("lightning_pose/cli"), SLOW),
    "eks": (["eks.cli"], SLOW),
    "smoother": (modules("eks"), TORCH_WING | {"streamlit", "matplotlib"}),
    "config": (["lightning_pose.config"], FRAMEWORKS - {"hydra", "omegaconf"}),
    "viewer": (["apps.state"], FRAMEWORKS),
    "training": (["lightning_pose.train"], {"jax", "streamlit"}),
    "prediction": (["lightning_pose.predict"], FRAMEWORKS | {"pandas", "scipy"}),
    # what a video waits for: torch, and nothing else that takes as long
    "networks of a prediction": (
        [
            "lightning_pose.predict",
            "lightning_pose.predict.network",
            "lightning_pose.models.backbones.resnet",
        ],
        FRAMEWORKS - {"torch"} | {"pandas", "scipy", "matplotlib"},
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_door_loads_only_its_wing(door):
    names, absent = DOORS[door]
    report = opened(names)
    assert not set(report["modules"]) & absent, f"{door} loads {set(report['modules']) & absent}"
    assert not [name for name, _ in report["changed"] if not name.startswith(THEIRS)]
    assert Path(report["folder"]) == ROOT


@pytest.mark.parametrize("verb", [[], ["multicam"]], ids=["eks", "eks multicam"])
def test_help_of_the_smoother_takes_a_blink(verb):
    best = min(
        (opened(["eks.cli"], "eks", *verb, "--help") for _ in range(3)), key=lambda run: run["seconds"]
    )
    assert "usage: eks" in best["printed"]
    assert not set(best["modules"]) & SLOW
    assert best["seconds"] < 0.4
