"""The quality page: what looks wrong, and what another program changed."""

from apps.api.desk import desk_of
from apps.api.places import project_id
from apps.screens.quality import KINDS, assessment, rows_of

from ..conftest import NAMES, SESSION
from .conftest import FRAMES


def test_a_project_without_labels_says_so(draw, empty):
    assert "Nothing is labeled yet" in draw(empty, "quality").info[0].value


def test_labels_that_cannot_be_opened_are_a_message(draw, broken):
    assert "do not belong together" in draw(broken, "quality").error[0].value


def test_the_label_that_is_off_comes_first_and_leads_to_its_frame(draw, healthy):
    page = draw(healthy, "quality")
    assert "4 of 4 frames are labeled" in page.markdown[0].value
    table = page.dataframe[0].value
    assert (table["session"][0], table["number"][0]) == (SESSION, FRAMES[2])
    assert NAMES[0] in table["keypoints"][0]
    assert table["value"].is_monotonic_decreasing
    served = desk_of(healthy).served(project_id(healthy))
    found = assessment(served)
    kind = next(kind for kind in KINDS if found["counts"][kind])  # the one that the page opens on
    rows = rows_of(served, found[kind])
    assert served.store.images(rows[0]["frame"])["side"].endswith(f"img{FRAMES[2]:08d}.png")


def test_who_labeled_and_how_often_is_told(draw, healthy):
    page = draw(healthy, "quality")
    people, coverage = (element.value for element in page.dataframe[1:])
    assert people["labels"].tolist() == [4 * 2 * len(NAMES)]
    assert coverage["keypoint"].tolist() == list(NAMES)
    assert (coverage[["top", "side"]] == 4).all().all()


def change(folder) -> None:
    """Move a label as another program would."""
    path = folder / "CollectedData_top.csv"
    lines = path.read_text().splitlines()
    cells = lines[-1].split(",")
    cells[-2] = "77.5"
    path.write_text("\n".join([*lines[:-1], ",".join(cells)]) + "\n")


def decide(page, label: str):
    """Give a name and press a button."""
    next(box for box in page.text_input if box.label == "Your name").input("anna")
    page.run()
    next(button for button in page.button if button.label == label).click()
    page.run()
    assert not page.exception
    return page


def test_a_change_by_another_program_is_shown_and_taken_over(draw, healthy):
    draw(healthy, "quality")
    change(healthy)
    page = draw(healthy, "quality")
    assert "Another program changed the label files.** 1 label." in page.markdown[0].value
    row = page.dataframe[0].value.iloc[0]
    assert (row["view"], row["keypoint"], row["frame"]) == ("top", NAMES[-1], FRAMES[-1])
    assert row["in the file"].startswith("77.5, ") and row["here"] == row["before"]
    assert "Another program" not in decide(page, "Accept the changes").markdown[0].value
    (served,) = desk_of(healthy).opened()
    frame = served.store.frames().id[-1]
    cell = served.store.cells(frame)["top"][NAMES[-1]]
    assert (cell.x, cell.origin) == (77.5, "imported")


def test_the_labels_of_the_app_can_be_kept(draw, healthy):
    draw(healthy, "quality")
    before = (healthy / "CollectedData_top.csv").read_bytes()
    change(healthy)
    decide(draw(healthy, "quality"), "Keep the app's labels")
    assert (healthy / "CollectedData_top.csv").read_bytes() == before
