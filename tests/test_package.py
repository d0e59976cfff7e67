# SPDX-License-Identifier: MIT
"""The package as a whole: names, versions, the stub, the examples in docstrings, the C++ suite."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tenuto

ROOT = Path(__file__).parents[1]
MODULES = sorted(module.name for module in pkgutil.walk_packages(tenuto.__path__, "tenuto."))


def test_every_public_name_is_exported_and_nothing_else() -> None:
    tree = ast.parse((ROOT / "src/tenuto/__init__.py").read_text())
    # What type checkers see is what the module gives when it is asked.
    homes = {
        alias.asname or alias.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    assert homes == tenuto._HOMES
    assert {*homes, "__version__"} == set(tenuto.__all__)
    for name in tenuto.__all__:
        assert getattr(tenuto, name) is not None
    assert set(tenuto.__all__) <= set(dir(tenuto))
    with pytest.raises(AttributeError, match="no attribute 'Recoder'"):
        tenuto.Recoder  # noqa: B018


def test_errors_also_are_the_built_in_that_they_refine() -> None:
    assert issubclass(tenuto.DeviceError, OSError) and issubclass(tenuto.FileError, OSError)
    assert issubclass(tenuto.GraphError, ValueError) and issubclass(tenuto.DesignError, ValueError)
    assert issubclass(tenuto.KernelError, TypeError)
    for error in (tenuto.DeviceError, tenuto.FileError, tenuto.GraphError, tenuto.KernelError):
        assert issubclass(error, tenuto.TenutoError)


def test_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    cmake = re.search(r"project\(tenuto VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())
    assert cmake is not None
    assert tenuto.__version__ == project == cmake[1]
    assert f"## [{project}]" in (ROOT / "CHANGELOG.md").read_text()


def test_committed_stub_is_the_one_that_the_build_gives(tmp_path: Path) -> None:
    made = tmp_path / "_core.pyi"
    command = [sys.executable, "-m", "nanobind.stubgen", "-m", "tenuto._core", "-o", str(made)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    committed = ROOT / "src/tenuto/_core.pyi"
    assert committed.read_text() == made.read_text(), (
        "the core's interface moved: python -m nanobind.stubgen -m tenuto._core "
        "-o src/tenuto/_core.pyi"
    )


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_docstring_examples_exist() -> None:
    tried = sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES)
    assert tried > 15, "the doctests were not found: the test above proves nothing"


@pytest.mark.slow
def test_core_passes_its_own_suite(tmp_path: Path) -> None:
    build = tmp_path / "build"
    configure = ["cmake", "-S", str(ROOT), "-B", str(build), "-G", "Ninja"]
    options = ["-DTENUTO_BUILD_TESTS=ON", "-DTENUTO_BUILD_EXTENSION=OFF"]
    subprocess.run([*configure, *options], check=True, capture_output=True, timeout=120)
    made = subprocess.run(
        ["cmake", "--build", str(build)], capture_output=True, text=True, timeout=280
    )
    assert made.returncode == 0, made.stdout + made.stderr
    suite = subprocess.run(
        [str(build / "tenuto_core_tests")],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert suite.returncode == 0, suite.stdout
    assert re.search(r"^[1-9]\d* passed, 0 failed$", suite.stdout, re.MULTILINE), suite.stdout
