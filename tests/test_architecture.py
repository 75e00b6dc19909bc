"""The house rules that no linter knows: the namespace, the weight of imports, documented names, declared packages."""

import ast
import importlib
import inspect
import pkgutil
import re
import socket
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest
import pytest_socket

REPOSITORY = Path(__file__).resolve().parents[1]
PARTS = ("core", "io", "mask", "features", "geometry", "ml_tools", "coregistration")
WHERE_INSTALLED = {"core": {"numba", "msvcrt"}}  # the pool warms up numba if the user's process has loaded it
NAMES = REPOSITORY.parent / "shared/api/names.txt"


def project(part: str) -> dict:
    return tomllib.loads((REPOSITORY / part / "pyproject.toml").read_text())["project"]


def requirements_of(part: str) -> list[str]:
    table = project(part)
    return [*table["dependencies"], *chain(*table.get("optional-dependencies", {}).values())]


def modules_of(part: str) -> list[ModuleType]:
    package = importlib.import_module(f"eolearn.{part}")
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    names = [name for _, name, _ in found if name != "eolearn.core.utils.types"]  # warns that it is deprecated
    return [package, *map(importlib.import_module, names)]


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    return set(answer.stdout.split())


class TestNamespace:
    def test_eolearn_is_a_namespace_without_a_module_of_its_own(self):
        assert not [path for part in PARTS for path in (REPOSITORY / part).glob("eolearn/__init__.py*")]
        import eolearn

        assert eolearn.__file__ is None
        assert len({str(Path(path).parent) for path in eolearn.__path__}) == len(PARTS)

    @pytest.mark.parametrize("part", PARTS)
    def test_each_part_says_that_it_is_typed(self, part):
        assert (REPOSITORY / part / "eolearn" / part / "py.typed").is_file()

    def test_all_parts_have_one_version_and_inner_dependencies_a_floor(self):
        inner = re.compile(r"eo-learn-[a-z-]+(\[[a-z]+\])?>=2\.0\.0\.dev0,<3")
        for part in (".", *PARTS):
            table = project(part)
            assert table["version"] == "2.0.0.dev0", part
            assert table["license"] == "MIT", part
            for requirement in requirements_of(part):
                if requirement.startswith("eo-learn"):
                    assert inner.fullmatch(requirement), (part, requirement)
                else:
                    assert not {"<", "=="} & set(re.findall("<|==", requirement.split(";")[0])), (part, requirement)

    def test_the_whole_distribution_needs_all_parts(self):
        needed = {requirement.split(">=")[0] for requirement in project(".")["dependencies"]}
        assert needed == {f"eo-learn-{part.replace('_', '-')}" for part in PARTS}


class TestWeight:
    def test_the_core_is_light_but_whole(self):
        loaded = loaded_after("from eolearn.core import EOPatch, EOTask, EOWorkflow, EOExecutor")
        assert "numpy" in loaded
        heavy = {
            "rasterio",
            "zarr",
            "geopandas",
            "pandas",
            "sentinelhub",
            "matplotlib",
            "fsspec",
            "shapely",
            "PIL",
            "numba",
        }
        assert not heavy & loaded

    @pytest.mark.parametrize("part", PARTS[1:])
    def test_a_part_loads_its_tasks_when_they_are_asked_for(self, part):
        assert f"eolearn.{part}" in loaded_after(f"import eolearn.{part}")
        heavy = {"rasterio", "zarr", "geopandas", "sentinelhub", "matplotlib", "sklearn", "cv2", "numba", "skimage"}
        assert not heavy & loaded_after(f"import eolearn.{part}")

    def test_an_index_needs_neither_learning_nor_vision_libraries(self):
        loaded = loaded_after("from eolearn.features import NormalizedDifferenceIndexTask")
        assert not {"sklearn", "cv2", "numba", "scipy"} & loaded

    def test_a_process_that_only_describes_work_for_others_compiles_nothing(self):
        assert "numba" not in loaded_after("from eolearn.features import LinearInterpolationTask")


DONE = ("eolearn.core", "eolearn.visualization")


class TestDocumentation:
    @pytest.mark.parametrize("part", PARTS)
    def test_every_public_name_is_documented(self, part):
        missing = []
        for module in modules_of(part):
            if not module.__doc__:
                missing.append(module.__name__)
            for name, value in vars(module).items():
                if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
                    continue
                if inspect.isclass(value) or inspect.isfunction(value):
                    missing += undocumented(f"{module.__name__}.{name}", value)
        assert not missing

    def test_the_public_names_of_the_last_release_are_here_where_their_issue_is_done(self):
        if not NAMES.is_file():
            pytest.skip("needs ../shared/api/names.txt")
        wanted = [line.split() for line in NAMES.read_text().splitlines() if line.startswith(DONE)]
        missing = [f"{module} {name}" for module, name in wanted if not hasattr(importlib.import_module(module), name)]
        assert not missing


def undocumented(path: str, value: object) -> list[str]:
    missing = [] if value.__doc__ else [path]
    if inspect.isclass(value):
        for name, member in vars(value).items():
            function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if not name.startswith("_") and inspect.isfunction(function) and not inspect.getdoc(getattr(value, name)):
                missing.append(f"{path}.{name}")
    return missing


class TestNetwork:
    @pytest.mark.filterwarnings("ignore:A test tried to use socket")
    def test_tests_reach_this_machine_and_no_other(self):
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
            pass
        with pytest.raises(pytest_socket.SocketConnectBlockedError):
            socket.create_connection(("192.0.2.1", 80), timeout=1)  # an address for documentation, RFC 5737


class TestDependencies:
    @pytest.mark.parametrize("part", PARTS)
    def test_a_part_declares_what_it_imports(self, part):
        declared = {re.split(r"[\[<>=;]", requirement)[0].lower() for requirement in requirements_of(part)}
        distributions = packages_distributions()
        used = {name for path in (REPOSITORY / part / "eolearn").rglob("*.py") for name in imported(path)}
        undeclared = {
            name
            for name in used - set(sys.stdlib_module_names) - {"eolearn", *WHERE_INSTALLED.get(part, ())}
            if not {found.lower().replace("_", "-") for found in distributions.get(name, [name])} & declared
        }
        assert not undeclared


def imported(path: Path) -> set[str]:
    """Return the packages that a file imports, those under TYPE_CHECKING too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.long
class TestDistributions:
    def test_two_parts_install_alone_and_bring_nothing_of_the_others(self, tmp_path):
        python = tmp_path / "env/bin/python"
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "./core", "./mask"], check=True, cwd=REPOSITORY)
        code = "import pkgutil, eolearn; print(*sorted(m.name for m in pkgutil.iter_modules(eolearn.__path__)))"
        answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
        assert answer.stdout.split() == ["core", "mask", "visualization"]
        code = "from eolearn.core import EOPatch; from eolearn.mask import JoinMasksTask; print(JoinMasksTask.__name__)"
        answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
        assert answer.stdout == "JoinMasksTask\n"

    @pytest.mark.parametrize("part", PARTS)
    def test_a_wheel_holds_only_its_part(self, part, tmp_path):
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, REPOSITORY / part], check=True
        )
        (wheel,) = tmp_path.glob("*.whl")
        from zipfile import ZipFile

        names = ZipFile(wheel).namelist()
        assert f"eolearn/{part}/py.typed" in names
        assert all(name.startswith((f"eolearn/{part}/", "eolearn/visualization/", "eo_learn_")) for name in names)
        assert any(name.endswith("licenses/LICENSE") for name in names)

    def test_plain_editable_installs_of_all_parts_share_one_namespace(self, tmp_path):
        python = tmp_path / "env/bin/python"
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
        editables = [word for part in PARTS for word in ("-e", f"./{part}")]
        subprocess.run([python, "-m", "pip", "install", "-q", *editables], check=True, cwd=REPOSITORY)
        code = "import eolearn; print(len(eolearn.__path__)); " + "; ".join(f"import eolearn.{part}" for part in PARTS)
        answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
        assert int(answer.stdout) == len(PARTS)
