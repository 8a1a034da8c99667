"""The browser of folders."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from apps.screens.folders import folders_in, kind_of


def page(start: str) -> None:
    from pathlib import Path

    import streamlit as st

    from apps.screens.folders import pick_folder

    st.text(f"at {pick_folder('here', Path(start))}")


def draw(start: Path) -> AppTest:
    app = AppTest.from_function(page, args=(str(start),), default_timeout=30).run()
    assert not app.exception
    return app


def test_it_goes_down_and_up(tmp_path):
    for name in ("b", "A", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "a file").touch()
    app = draw(tmp_path)
    assert [button.label for button in app.button] == ["..", "A", "b"]
    app.button[2].click().run()
    assert app.text[0].value == f"at {tmp_path / 'b'}"
    app.button[0].click().run()
    assert app.text[0].value == f"at {tmp_path}"


def test_what_is_typed_must_be_a_folder(tmp_path):
    app = draw(tmp_path)
    for typed in (str(tmp_path / "none"), "relative", ""):
        app.text_input[0].input(typed).run()
        assert not app.exception
        assert "is not a folder" in app.error[0].value and app.text[0].value == "at None"


def test_names_are_shown_letter_for_letter(tmp_path):
    (tmp_path / "*a* [b](c) :red[d]").mkdir()
    assert draw(tmp_path).button[1].label == "\\*a\\* \\[b\\](c) \\:red\\[d\\]"


def test_projects_are_told_from_other_folders(tmp_path, empty):
    assert "project" in kind_of(empty)[0] and kind_of(tmp_path)[0] == ""
    (tmp_path / "config.yaml").write_text("bodyparts: [nose]\n")
    assert "DeepLabCut" in kind_of(tmp_path)[0]
    assert folders_in(tmp_path / "none") == []
