"""World points of blocks are those of the whole session."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from lightning_pose.predict import Options, outputs, predict


def test_blocks_do_not_show(
    film_session: Callable[..., dict[str, Path]],
    make_ensemble: Callable[..., Path],
    spot_network: list[Path],
    calibrated: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    ensemble = make_ensemble()
    folder = film_session(counts={"cam1": 23, "cam2": 9, "cam3": 18})["cam1"].parent
    options = Options(skip_viz=True, allow_unequal=True)
    predict(ensemble, [folder], options, Console(quiet=True))
    made = sorted((ensemble / "video_preds_3d").iterdir())
    whole = [path.read_bytes() for path in made]
    assert len(made) == 5
    for path in made:
        path.unlink()
    monkeypatch.setattr(outputs, "ROWS", 7)
    summary = predict(ensemble, [folder], options, Console(quiet=True))
    assert summary.outcomes[0].error_px > 0 and len(spot_network) == 2
    assert [path.read_bytes() for path in made] == whole
