# Every command sets up what it needs; a machine with Python 3.11 to 3.13 is enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
GENERATED := protos/roadside/v1

.PHONY: demo test check gpu-test bench protos format clean

demo: $(VENV)/.demo  ## the main job on real input, with a picture and a table at the end
	$(BIN)/python -m roadside_cli demo --out demo-output

test: $(VENV)/.dev  ## every test that runs without a GPU, in three modes
	$(BIN)/pytest
	NUMBA_DISABLE_JIT=1 $(BIN)/pytest tests/kernels
	NUMBA_ENABLE_CUDASIM=1 NUMBA_DISABLE_JIT=1 $(BIN)/pytest tests/kernels tests/server/test_on_gpu.py tests/server/test_tracing_on_gpu.py tests/clients/test_bench_on_gpu.py

check: $(VENV)/.dev  ## style, types, import layers, protos, spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/codespell

gpu-test: $(VENV)/.dev  ## the same numbers on a real device
	$(BIN)/pytest -m gpu tests/gpu

BENCH ?= pairs B1 B1n B2 B3 B4 B6 B7
DEVICE ?= cpu

bench: $(VENV)/.dev  ## named workloads, compared with and written to benchmarks/results; see docs/benchmarks.md
	$(BIN)/python -m roadside_cli bench $(BENCH) --device $(DEVICE) --out benchmarks/results

protos: $(VENV)/.dev  ## regenerate the Python code; fails if anything changed
	$(BIN)/python -m grpc_tools.protoc -Iprotos --python_out=protos --grpc_python_out=protos \
		--plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy \
		--plugin=protoc-gen-mypy_grpc=$(BIN)/protoc-gen-mypy_grpc \
		--mypy_out=quiet:protos --mypy_grpc_out=quiet:protos $(GENERATED)/*.proto
	git diff --exit-code -- $(GENERATED)

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# What an extra brings, installed once and again when the list changes.
$(VENV)/.%: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; found none on the PATH" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
	@touch $@
