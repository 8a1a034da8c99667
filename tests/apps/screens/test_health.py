"""The health page."""


def texts(page) -> str:
    return "\n".join(element.value for element in page.markdown)


def counts(page) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def test_an_empty_project_has_only_notes(draw, empty):
    page = draw(empty, "health")
    assert counts(page)["Cannot work"] == counts(page)["Probably goes wrong"] == "0"
    assert "there are no videos yet" in texts(page)


def test_nothing_is_wrong_with_a_healthy_one(draw, healthy):
    page = draw(healthy, "health")
    assert page.success[0].value == "Nothing is wrong."


def test_what_is_broken_is_named(draw, broken):
    page = draw(broken, "health")
    assert int(counts(page)["Cannot work"]) >= 3
    said = texts(page)
    for part in ("mouse1", "calibration.toml", "do not belong together"):
        assert part in said.replace("\\", "")


def test_records_of_extraction_that_cannot_be_read_are_named(draw, healthy):
    (healthy / "extracted" / "other.json").write_text("{")
    assert "other.json is no record of extracted frames" in texts(draw(healthy, "health")).replace("\\", "")
