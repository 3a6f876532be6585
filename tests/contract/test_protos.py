"""The contract: its Python code is up to date, its style is buf's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos"
#: Where this Python's own command-line tools lie.
BIN = Path(sys.executable).parent


def tool(name):
    found = shutil.which(name, path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_generating_the_code_anew_changes_nothing(tmp_path):
    pytest.importorskip("grpc_tools")
    files = sorted(str(path) for path in PROTOS.glob("roadside/v1/*.proto"))
    command = [
        *(sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}"),
        *(f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}"),
        f"--plugin=protoc-gen-mypy={tool('protoc-gen-mypy')}",
        f"--plugin=protoc-gen-mypy_grpc={tool('protoc-gen-mypy_grpc')}",
        *(f"--mypy_out=quiet:{tmp_path}", f"--mypy_grpc_out=quiet:{tmp_path}"),
    ]
    subprocess.run([*command, *files], check=True)
    generated = {path.name: path.read_text() for path in (tmp_path / "roadside/v1").iterdir()}
    committed = {
        path.name: path.read_text() for path in (PROTOS / "roadside/v1").glob("*_pb2*.py*")
    }
    assert committed == generated


def test_the_protos_keep_to_the_style_of_buf():
    outcome = subprocess.run(
        [tool("buf"), "lint"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (outcome.returncode, outcome.stdout) == (0, "")
