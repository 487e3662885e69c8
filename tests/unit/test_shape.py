"""The shape of the project: what holds for every module and every file, whoever writes it."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "src" / "countenance"

HEAVY = {
    "PIL",
    "alembic",
    "cryptography",
    "cv2",
    "matplotlib",
    "numpy",
    "onnx",
    "onnxruntime",
    "pi_heif",
    "simplejpeg",
    "skimage",
    "sqlalchemy",
}

# Names of drawers, not of things: whatever lies in one belongs somewhere else.
DRAWERS = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}

# A function of more lines than this must say what it does.
SELF_EVIDENT_LINES = 6

# A folder of the machine a file was written on, or the address of a package registry. Written so
# that this file does not match itself.
MACHINE = re.compile(r"(?<![\w.~-])/(?:work|root|home|Users|tmp/x)/\w")
REGISTRY = re.compile(r"(?:pypi|pythonhosted|npmjs)\.(?:org|com)|\b\w+\.debian\.org", re.IGNORECASE)


class Module(NamedTuple):
    """One file of the package, read and parsed."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.relative_to(SOURCES).as_posix()


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return [Module(path, ast.parse(path.read_bytes())) for path in sorted(SOURCES.rglob("*.py"))]


@pytest.mark.parametrize("module", ["countenance", "countenance.cli.main"])
def test_import_stays_light(module: str) -> None:
    """The package and its command line load no heavy library until a command needs it."""
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert run.stderr == ""
    assert HEAVY.isdisjoint(run.stdout.split())


def test_no_module_is_a_drawer(modules: list[Module]) -> None:
    """Every module is named after what is in it."""
    assert [m.name for m in modules if DRAWERS & set(Path(m.name).with_suffix("").parts)] == []


def test_packages_import_nothing(modules: list[Module]) -> None:
    """A package's `__init__` says what the room is for, and imports nothing; but for the API."""
    inits = [m for m in modules if m.path.name == "__init__.py" and m.path.parent.name != "library"]
    assert [m.name for m in inits if any(_imports(m.tree))] == []


def test_only_settings_reads_the_environment(modules: list[Module]) -> None:
    """Where a value comes from can be looked up in one place."""
    readers = {m.name for m in modules if any(_environment_reads(m.tree))}
    assert readers - {"settings.py"} == set()


def test_long_public_functions_have_docstrings(modules: list[Module]) -> None:
    """A public function of more than a few lines says what it does."""
    silent = [
        f"{m.name}:{function.lineno} {function.name}"
        for m in modules
        for function in _public_functions(m.tree)
        if _length(function) > SELF_EVIDENT_LINES and not ast.get_docstring(function)
    ]
    assert silent == []


def test_no_file_names_this_machine_or_a_registry(repository: Path) -> None:
    """The project can be built anywhere: no path of a machine, no address of a registry."""
    found = [
        f"{path}:{number} {line.strip()[:80]}"
        for path in _project_files(repository)
        for number, line in enumerate(_text(repository / path).splitlines(), start=1)
        if MACHINE.search(line) or REGISTRY.search(line)
    ]
    assert found == []


def test_locks_cover_what_the_project_declares(repository: Path) -> None:
    """Every declared dependency is locked by hash; `make lock` was run after the last change."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    run = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["demo"],
        *project["dependency-groups"]["build"],
    ]
    locks = repository / "requirements"
    assert _names(run) <= _locked(locks / "run.txt")
    assert _names([*run, *project["dependency-groups"]["dev"]]) <= _locked(locks / "dev.txt")
    for lock in ("models", "peers"):
        wanted = (locks / f"{lock}.in").read_text(encoding="utf-8").splitlines()
        assert _names(wanted) <= _locked(locks / f"{lock}.txt")


# --------------------------------------------------------------------------------------------------


def _imports(tree: ast.Module) -> Iterator[ast.stmt]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def _environment_reads(tree: ast.Module) -> Iterator[ast.AST]:
    """Uses of the environment, but for setting a variable: a child process may be given one."""
    names = {"environ", "environb", "getenv", "getenvb"}
    written = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=attribute) if attribute in names:
                if node not in written:
                    yield node
            case ast.ImportFrom(module="os", names=aliases):
                yield from (alias for alias in aliases if alias.name in names)


def _public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """The functions of a module, and the methods of its public classes."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) if not name.startswith("_"):
                yield node
            case ast.ClassDef(name=name, body=body) if not name.startswith("_"):
                methods = [part for part in body if isinstance(part, ast.FunctionDef)]
                yield from (method for method in methods if not method.name.startswith("_"))


def _length(function: ast.FunctionDef) -> int:
    """Lines of the body, without the signature."""
    return (function.end_lineno or 0) - function.body[0].lineno + 1


def _project_files(repository: Path) -> list[str]:
    """What git holds, and what it would be offered next."""
    if not (repository / ".git").exists():
        pytest.skip("no git here: what belongs to the project cannot be told from what does not")
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [name for name in listing.split("\0") if (repository / name).is_file()]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _names(requirements: list[str]) -> set[str]:
    """The names of packages, in the one form that locks use."""
    lines = [line for line in requirements if line and not line.startswith("#")]
    return {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower().replace("_", "-") for line in lines}


def _locked(lock: Path) -> set[str]:
    """The packages of a lock that have a hash."""
    entries = re.findall(r"^(\S+?)==.*\\\n +--hash=sha256:", _text(lock), flags=re.MULTILINE)
    return set(entries)
