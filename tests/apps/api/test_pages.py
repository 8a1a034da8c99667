"""The component's files and its own page."""

import pytest

from apps.api import pages
from apps.api.places import project_id


@pytest.mark.parametrize(("door", "script"), [("canvas", "index.js"), ("view", "viewer/index.js")])
def test_the_page_loads_its_component_and_nothing_from_elsewhere(browser, labeled, door, script):
    pid = project_id(labeled)
    page = browser.client.get(f"/{door}/{pid}")
    assert page.headers["content-type"].startswith("text/html")
    assert "style-src 'self';" in page.headers["content-security-policy"]
    assert "://" not in page.text
    for name, kind in (("start.js", "text/javascript"), ("page.css", "text/css")):
        assert f"/{door}/{pid}/{name}" in page.text
        assert browser.client.get(f"/{door}/{pid}/{name}").headers["content-type"].startswith(kind)
    start = browser.client.get(f"/{door}/{pid}/start.js").text
    assert f'"{pid}"' in start and f"'/assets/canvas/{script}'" in start
    assert browser.client.get(f"/assets/canvas/{script}").status_code == 200


def test_the_name_of_a_folder_is_text_and_no_html(open_browser, labeled):
    strange = labeled.rename(labeled.with_name("<img src=x onerror=alert(1)>"))
    browser = open_browser(strange)
    page = browser.client.get(f"/canvas/{project_id(strange)}").text
    assert "<img" not in page
    assert "&lt;img" in page


def test_a_project_that_is_not_open_has_no_page(browser):
    assert browser.client.get("/canvas/0123456789ab").status_code == 404
    assert browser.client.get("/canvas/x/start.js").status_code == 404


def test_files_of_the_component_are_asked_for_again_only_when_they_change(browser):
    answer = browser.client.get("/assets/canvas/index.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["etag"]


@pytest.mark.parametrize("name", ["__init__.py", "", "gone.js", "..%2fserver.py", "%2e%2e/main.py"])
def test_nothing_else_is_served(browser, name):
    assert browser.client.get(f"/assets/canvas/{name}").status_code in (400, 404)


def test_a_link_among_the_components_files_is_not_followed(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "CANVAS", tmp_path / "canvas")
    (tmp_path / "canvas").mkdir()
    (tmp_path / "secret.js").write_text("secret")
    (tmp_path / "canvas" / "a.js").symlink_to(tmp_path / "secret.js")
    assert browser.client.get("/assets/canvas/a.js").status_code == 404
