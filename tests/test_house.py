"""What the house style says and a program can hold: sizes, names, pages, links."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from eks.cli import SHELL as EKS
from lightning_pose.cli.main import SHELL as LITPOSE
from lightning_pose.core.shell import Shell

ROOT = Path(__file__).parents[1]
PACKAGES = ("lightning_pose", "eks", "apps")
SHELLS = {"litpose": LITPOSE, "eks": EKS}
FILE_LINES, BODY_LINES, POSITIONAL = 300, 60, 6

# Each exception has its reason; one that is no longer needed fails the test.
LONG_FILES: dict[str, str] = {}
LONG_BODIES: dict[str, str] = {}
MANY_PARAMETERS: dict[str, str] = {}
UNMIRRORED_TESTS = {
    "tests/eks/test_realdata.py": "the whole smoother on real recordings, no one module of it",
    "tests/eks/test_properties.py": "what holds of every smoother, whatever module does it",
    "tests/eks/test_other_smoothers.py": "singlecam, mirrors, pupil and paws on truth made for each",
    "tests/apps/browser/test_access.py": "the labeling page in a browser: keys, names, contrast",
    "tests/apps/browser/test_shell.py": "the labeling page in a browser: inside Streamlit",
    "tests/apps/browser/test_guides.py": "the labeling page in a browser: geometry while labeling",
    "tests/apps/browser/test_points.py": "the labeling page in a browser: points, undo, reload",
    "tests/apps/browser/test_saving.py": "the labeling page in a browser: nothing is lost",
    "tests/apps/browser/test_thorough.py": "the labeling page in a browser: accessibility, memory",
    "tests/apps/browser/test_frames.py": "the labeling page in a browser: proposals, copies, filters, notes",
    "tests/apps/browser/test_viewer.py": "the viewer in a browser: each film shows the frame it says",
    "tests/apps/browser/test_viewer_lists.py": "the viewer in a browser: difficult frames and marks",
    "tests/apps/browser/test_viewer_panels.py": "the viewer in a browser: space, sources, export",
    "tests/apps/browser/test_viewer_traces.py": "the viewer in a browser: traces",
    "tests/apps/browser/test_loop.py": "the whole app in a browser: from videos to trajectories and back",
    "tests/apps/browser/test_faults.py": "the whole app in a browser: what goes wrong, two people at once",
    "tests/apps/browser/test_viewer_page.py": "the viewer in a browser: links, keys, ranges, sessions",
    "tests/apps/browser/test_tabs.py": "the labeling page in a browser: several people",
    "tests/apps/browser/test_queue.py": "the labeling page in a browser: frames that were sent to be labeled",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> list[Path]:
    """Return every Python file below the given folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def everything() -> Iterator[Path]:
    """Yield every text file of the project, without what was built or downloaded."""
    for path in sorted(ROOT.iterdir()):
        if path.is_file():
            yield path
    for folder in (*PACKAGES, "configs", "tests", "docs", "benchmarks", ".ci"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def pages() -> list[Path]:
    """Return every markdown file."""
    return [path for path in everything() if path.suffix == ".md"]


def name_of(path: Path) -> str:
    """Return a path as it is written in the lists above."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, Function]]:
    """Yield every function of a file with its qualified name."""

    def walk(node: ast.AST, inside: str) -> Iterator[tuple[str, Function]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function | ast.ClassDef):
                name = f"{inside}{child.name}"
                if isinstance(child, Function):
                    yield f"{name_of(path)}::{name}", child
                yield from walk(child, f"{name}.")
            else:
                yield from walk(child, inside)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), "")


def body_lines(function: Function) -> int:
    """Return the lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def positional(function: Function) -> int:
    """Return how many arguments a function takes by position, `self` and `cls` aside."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


@pytest.fixture(scope="module")
def all_functions() -> list[tuple[str, Function]]:
    return [found for path in sources(*PACKAGES, "tests", "benchmarks", "docs") for found in functions(path)]


def test_files_stay_short():
    lines = {
        name_of(path): path.read_text().count("\n") for path in sources(*PACKAGES, "tests", "benchmarks")
    }
    long = {name: count for name, count in lines.items() if count > FILE_LINES}
    assert long.keys() == LONG_FILES.keys(), long


def test_function_bodies_stay_short(all_functions):
    long = {name: body_lines(node) for name, node in all_functions if body_lines(node) > BODY_LINES}
    assert long.keys() == LONG_BODIES.keys(), long


def test_functions_take_few_arguments_by_position(all_functions):
    many = {name: positional(node) for name, node in all_functions if positional(node) > POSITIONAL}
    assert many.keys() == MANY_PARAMETERS.keys(), many


def test_no_module_has_a_name_that_says_nothing():
    vague = {"utils", "util", "helpers", "helper", "misc", "common", "manager", "handler"}
    named = {name_of(path): {path.stem, *path.relative_to(ROOT).parts} for path in sources(*PACKAGES)}
    assert not [name for name, parts in named.items() if parts & vague]


def test_shapes_stay_visible_to_the_type_checker():
    hidden = "from __future__ import " + "annotations"
    assert not [name_of(path) for path in sources(*PACKAGES, "tests") if hidden in path.read_text()]


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a file imports, at its top or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_every_library_that_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    declared = {re.split(r"[\[<>=]", line)[0].lower().replace("_", "-") for line in lines}
    owners = packages_distributions()
    used = {name for path in sources(*PACKAGES, "tests", "benchmarks") for name in imported(path)}
    libraries = used & owners.keys() - {*PACKAGES, "configs"}
    assert not [
        name
        for name in libraries
        if not {owner.lower().replace("_", "-") for owner in owners[name]} & declared
    ]


def test_nothing_is_left_to_do_in_the_code():
    marker = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
    assert not [name_of(path) for path in sources(*PACKAGES, "tests") if marker.search(path.read_text())]


def test_every_test_file_mirrors_a_module():
    stray = []
    for path in sources(*(f"tests/{package}" for package in PACKAGES)):
        inside = path.relative_to(ROOT / "tests")
        module = ROOT / inside.with_name(inside.name.removeprefix("test_"))
        if path.name.startswith("test_") and not (module.exists() or module.with_suffix("").is_dir()):
            stray.append(name_of(path))
    assert set(stray) == UNMIRRORED_TESTS.keys()


def test_everything_public_in_the_core_is_mentioned_by_a_test():
    words = set(re.findall(r"\w+", "\n".join(path.read_text() for path in sources("tests"))))
    public = [
        f"{name_of(path)}::{node.name}"
        for path in sources("lightning_pose/core")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert not [name for name in public if name.split("::")[1] not in words]


def test_no_path_of_a_developers_machine_is_in_the_tree():
    machine = re.compile(r"(?<![\w.$}~])/(?:" + "|".join(("work", "tmp", "root", "home", "Users")) + r")/\w")
    found = []
    for path in everything():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture or a video
            continue
        found += [f"{name_of(path)}: {line.strip()}" for line in text.splitlines() if machine.search(line)]
    assert not found


@pytest.mark.parametrize("verb", LITPOSE.verbs)
def test_every_verb_has_a_page_with_its_help(verb):
    page = ROOT / "docs" / "cli" / f"{verb}.md"
    assert page.is_file()
    assert f"--8<-- help: litpose {verb}\n" in page.read_text()


@pytest.mark.parametrize("verb", EKS.verbs)
def test_every_verb_of_the_smoother_is_on_its_page_with_its_help(verb):
    assert f"--8<-- help: eks {verb}\n" in (ROOT / "docs" / "cli" / "eks.md").read_text()


def test_every_module_of_the_core_has_its_place_in_the_api_pages():
    text = "\n".join(path.read_text() for path in (ROOT / "docs" / "api").glob("*.md"))
    named = set(re.findall(r"^::: lightning_pose\.core\.(\w+)$", text, re.MULTILINE))
    assert named == {path.stem for path in sources("lightning_pose/core")} - {"__init__"}


def links(page: Path) -> Iterator[str]:
    """Yield the targets of a page's links and pictures, code aside."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "", text)
    yield from re.findall(r"\]\(<?([^)\s>]+)>?[^)]*\)", text)
    yield from re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, re.MULTILINE)
    yield from re.findall(r"""<(?:img|a)\b[^>]*?(?:src|href)=["']([^"']+)""", text)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and mkdocs make them."""
    headings = re.findall(r"^#+\s+(.+?)\s*#*$", page.read_text(), re.MULTILINE)
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


def test_every_link_of_every_page_leads_somewhere():
    broken = []
    for page in pages():
        for target in links(page):
            if re.match(r"[a-z]+:", target):  # another server: not ours to check
                continue
            file, _, anchor = target.partition("#")
            there = (page.parent / file).resolve() if file else page
            if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
                broken.append(f"{name_of(page)}: {target}")
    assert not broken


def commands() -> Iterator[tuple[str, Shell, str, str]]:
    """Yield every `litpose VERB ...` and `eks VERB ...` of the pages' code: page, shell, verb, line."""
    code = re.compile(r"^```(?:bash|sh|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
    for page in pages():
        for block in code.findall(page.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                match = re.match(r"\s*(?:\$ )?(litpose|eks) ([a-z][\w-]*)", line)
                if match:
                    yield name_of(page), SHELLS[match[1]], match[2], line.split("#")[0]


def test_every_command_in_the_pages_exists_with_its_options():
    wrong = []
    for page, shell, verb, line in commands():
        if verb not in shell.verbs:
            wrong.append(f"{page}: {line}")
            continue
        known = shell.verb_parser(verb).format_help()
        flags = re.findall(r"(?<!\S)--?[a-z][\w-]*", line)
        wrong += [f"{page}: {line}" for flag in flags if not re.search(rf"(?<![\w-]){flag}(?![\w-])", known)]
    assert not wrong
