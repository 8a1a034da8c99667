import json

from apps.labels import LabelStore


def record(folder, name, *frames, views=("cam1", "cam2")):
    images = [{view: f"labeled-data/{name}_{view}/img{n:08d}.png" for view in views} for n in frames]
    (folder / "extracted").mkdir(exist_ok=True)
    entries = [{"frame": n, "images": row} for n, row in zip(frames, images, strict=True)]
    (folder / "extracted" / f"{name}.json").write_text(json.dumps({"session": name, "frames": entries}))


def test_extracted_frames_are_there_to_be_labeled(two_views):
    record(two_views, "s2", 7, 9)
    record(two_views, "s1", 10)  # in the label files already
    with LabelStore.open(two_views) as store:
        table = store.frames()
        assert (table.session[4:], table.index[4:]) == (["s2", "s2"], [7, 9])
        record(two_views, "s3", 1)
        assert store.take_extracted() == store.faults == []
        rev = store.rev
        assert store.frames().session[-1] == "s3"
        assert store.take_extracted() == []
        assert store.rev == rev  # nothing new, nothing changed
        assert store.materialise().written == ()


def test_records_that_cannot_be_used_are_named_and_stop_nothing(two_views):
    record(two_views, "s2", 7)
    record(two_views, "s4", 8, views=("cam1",))
    (two_views / "extracted" / "s3.json").write_text("{")
    (two_views / "extracted" / "s5.json").write_text(
        '{"frames": [{"images": {"cam1": "../x", "cam2": "y"}}]}'
    )
    with LabelStore.open(two_views) as store:
        assert store.frames().session[4:] == ["s2"]
        assert len(store.faults) == 3
        assert "s3.json is no record of extracted frames" in store.faults[0]
        assert "each of the views cam1, cam2" in store.faults[1]
        assert "'../x' is no path below the project" in store.faults[2]
