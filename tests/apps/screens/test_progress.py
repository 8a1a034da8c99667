"""The survey of a folder is one for all pages."""

from apps.screens.progress import survey_of


def test_a_folder_has_one_survey(tmp_path):
    assert survey_of(tmp_path) is survey_of(tmp_path)
    assert survey_of(tmp_path).root == tmp_path.resolve()
