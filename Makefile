# Three commands: `make setup`, `make demo`, `make test`. Each needs only git, make and Python 3.11 or newer.
# The Python that `PYTHON=` names; else the one on PATH, or the system's where that one was compiled without optimisation.
ifdef PYTHON
CHOSEN = $(PYTHON)
else
PYTHON := python3
CHOSEN = $$($(PYTHON) realstack/servers/interpreter.py)
endif
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
# uv from PATH when there is one, else a private copy.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
export UV_PYTHON_DOWNLOADS := never
# A run imports the same modules in seven processes: compiled once, that takes a third of the CPU.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test lint unit real proto lock clean

setup: $(VENV)/.ready

demo: setup
	$(BIN)/chatscale run whatsapp

# Both parts run, whatever becomes of the first.
test: lint
	$(MAKE) --keep-going unit real

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The tests that need no server, on all cores: a file's tests share what is dear to make, so they stay together.
unit: setup
	$(BIN)/pytest -m "not real" --numprocesses logical --maxprocesses 4 --dist loadfile

# The tests on real servers, which need the cores for themselves.
real: setup
	$(BIN)/pytest -m real

$(VENV)/.ready: pyproject.toml requirements.lock | uv
	$(UV) venv --quiet --allow-existing --python "$(CHOSEN)" $(VENV)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	$(BIN)/python -c "import chatscale.runner, realstack.chat.gateway, realstack.chat.worker, realstack.driver.replay"
	@touch $@

.PHONY: uv
uv:
	@command -v $(UV) >/dev/null 2>&1 || { \
	  "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "chatscale needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }; \
	  echo "fetching uv $(UV_VERSION)"; \
	  "$(PYTHON)" -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || { \
	    echo "could not get uv: install the package python3-venv, or uv itself, then try again" >&2; exit 1; }; }

# The lock holds every version and hash for every platform, for whichever index the machine uses.
lock: | uv
	$(UV) pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --no-header --python-version 3.11 --all-extras --group dev pyproject.toml --output-file requirements.lock

proto: setup
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. realstack/chat/delivery.proto

clean:
	rm -rf $(VENV) .uv .mypy_cache .ruff_cache .pytest_cache
