import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.labels.label_file import read_label_file
from apps.labels.sheet import Sheet
from lightning_pose.core.csv_header import read_header

NUMBERS = st.sampled_from(["", "1", "1.0", "01.50", "-2e1", " 3.25", "NaN", "101.900392541708", "1e-05"])
NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1),
    min_size=1,
    max_size=3,
    unique=True,
)


def sheet_of(path: Path) -> Sheet:
    return Sheet(path.read_bytes(), read_header(path))


def write(folder: Path, text: str) -> Path:
    path = folder / "CollectedData.csv"
    path.write_bytes(text.encode())
    return path


def cells(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@st.composite
def label_files(draw: st.DrawFn) -> str:
    """Label files as many programs write them: quotes, other columns, blank lines, ends of lines."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    names = draw(NAMES)
    coords = ["x", "y", *draw(st.sampled_from([[], ["visible"], ["likelihood"], ["visible", "likelihood"]]))]
    columns = [(name, coord) for name in names for coord in coords]
    deep = draw(st.booleans())
    index = ["", "", ""] if deep else [""]
    sink = io.StringIO()
    writer = csv.writer(
        sink, lineterminator=end, quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    )
    for label, row in zip(
        ("scorer", "bodyparts", "coords"),
        (["a b"] * len(columns), [n for n, _ in columns], [c for _, c in columns]),
        strict=True,
    ):
        writer.writerow([label, *index[1:], *row])
    for number in range(draw(st.integers(2, 4))):
        image = ["labeled-data", 'a "b", c', f"img{number}.png"]
        values = [
            draw(st.sampled_from(["", "0", "1", "2"])) if coord == "visible" else draw(NUMBERS)
            for _, coord in columns
        ]
        writer.writerow([*(image if deep else ["/".join(image)]), *values])
        sink.write(end * draw(st.integers(0, 1)))
    text = sink.getvalue()
    return ("\ufeff" if draw(st.booleans()) else "") + (text if draw(st.booleans()) else text.rstrip("\r\n"))


@settings(deadline=None, max_examples=80)
@given(text=label_files(), data=st.data())
def test_one_changed_cell_changes_one_cell(tmp_path_factory, text, data):
    path = write(tmp_path_factory.mktemp("sheet"), text)
    sheet, before = sheet_of(path), read_label_file(path)
    assert sheet.to_bytes() == path.read_bytes()
    for row, frame in enumerate(before.frames):  # what it says already changes nothing
        said = {
            name: (
                *(None if np.isnan(v) else v for v in before.points[row, k].tolist()),
                int(before.visible[row, k]),
            )
            for k, name in enumerate(before.names)
        }
        sheet.put(frame, said)
    assert sheet.to_bytes() == path.read_bytes()
    row = data.draw(st.integers(0, len(before.frames) - 1))
    name = data.draw(st.sampled_from(before.names))
    cell = data.draw(st.sampled_from([(None, None, 0), (0.1, 7.0, 2)]))
    old = cells(path)
    sheet.put(before.frames[row], {name: cell})
    path.write_bytes(sheet.to_bytes())
    own = {column for (other, _), column in sheet.header.cells.items() if other == name}
    filled = [place for place, line in enumerate(old) if line and place >= sheet.header.lines]
    for place, (line, now) in enumerate(zip(old, cells(path), strict=True)):
        assert len(line) == len(now)
        changed = {column for column, (a, b) in enumerate(zip(line, now, strict=True)) if a != b}
        assert changed <= (own if place == filled[row] else set())
    after = read_label_file(path)
    k = before.names.index(name)
    assert after.visible[row, k] == cell[2]
    assert np.array_equal(after.points[row, k], np.array(cell[:2], dtype=float), equal_nan=True)


def test_rows_are_appended_as_the_file_is_written(tmp_path):
    head = "scorer,,,a,a\r\nbodyparts,,,nose,nose\r\ncoords,,,x,y\r\n"
    path = write(tmp_path, head + "labeled-data,s1,img1.png,1,2")
    sheet = sheet_of(path)
    sheet.append("labeled-data/s1/img2.png", {"nose": (3.0, 4.5, 2)})
    assert sheet.to_bytes().decode() == (
        head + "labeled-data,s1,img1.png,1,2\r\nlabeled-data,s1,img2.png,3.0,4.5\r\n"
    )
    sheet.put("labeled-data/s1/img2.png", {"nose": (None, None, 0)})
    assert sheet.to_bytes().endswith(b"img2.png,,\r\n")
    sheet.remove(["labeled-data/s1/img1.png"])
    assert sheet.to_bytes().decode() == head + "labeled-data,s1,img2.png,,\r\n"


def test_keypoints_are_added_where_the_project_has_them(tmp_path):
    path = write(
        tmp_path,
        "scorer,a,a,a,a,set\nindividuals,m,m,m,m,\nbodyparts,nose,nose,tail,tail,\ncoords,x,y,x,y,\n"
        "img1.png,1,2,,,train\nimg2.png,3,4,5,6,test\n",
    )
    sheet = sheet_of(path)
    sheet.widen(("ear", "nose", "paw", "tail"), visible=True)
    sheet.put("img2.png", {"paw": (7.0, 8.0, 1)})
    assert sheet.to_bytes().decode() == (
        "scorer,a,a,a,a,a,a,a,a,a,a,a,a,set\n"
        "individuals,m,m,m,m,m,m,m,m,m,m,m,m,\n"
        "bodyparts,ear,ear,ear,nose,nose,nose,paw,paw,paw,tail,tail,tail,\n"
        "coords,x,y,visible,x,y,visible,x,y,visible,x,y,visible,\n"
        "img1.png,,,0,1,2,2,,,0,,,0,train\n"
        "img2.png,,,0,3,4,2,7.0,8.0,1,5,6,2,test\n"
    )
    path.write_bytes(sheet.to_bytes())
    assert read_label_file(path).names == ("ear", "nose", "paw", "tail")
    assert sheet.header._replace(scorer="a") == read_header(path)


def test_a_new_file_is_one_that_can_be_read(tmp_path):
    sheet = Sheet.new(("nose", 'a "tail", long'))
    sheet.append("a,b/img1.png", {"nose": (0.1, 1e-7, 1)})
    sheet.append("a,b/img2.png", {})
    path = tmp_path / "CollectedData.csv"
    path.write_bytes(sheet.to_bytes())
    file = read_label_file(path)
    assert file.frames == ["a,b/img1.png", "a,b/img2.png"]
    assert file.names == ("nose", 'a "tail", long')
    assert file.points[0, 0].tolist() == [0.1, 1e-7]
    assert file.visible.tolist() == [[1, 0], [0, 0]]


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["mirror-mouse/CollectedData.csv", "human-4cam/cam3.csv"])
def test_real_files_are_taken_apart_and_put_together_again(real_data, name):
    sheet = sheet_of(real_data / name)
    assert len(list(sheet.frames)) == 70
    assert sheet.to_bytes() == (real_data / name).read_bytes()
