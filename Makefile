VENV ?= .venv
ACCEPTANCE ?= ../shared/acceptance
# Every core up to four: beyond that the tests that start servers wait for each other.
WORKERS ?= -n auto --maxprocesses 4
ARGS ?=

BIN := $(VENV)/bin
READY := $(VENV)/.ready
CANDIDATES := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)

# Containers like to set it; then every process the tests start would compile Toolyard again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo examples serve test check conformance acceptance bench soak guard bench-toolkits bench-agents pins clean

help: ## show this list
	@echo "Each of these sets itself up in $(VENV); make, and Python 3.11 or later, is all it needs."
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name does; do printf '  make %-16s%s\n' "$$name" "$$does"; done

demo: $(READY) ## see what Toolyard does, in one run
	@$(BIN)/python examples/demo.py $(ARGS)

# Each ends by itself; demo_tools.py is a module that demo.yaml names, and does nothing when it is run.
examples: $(READY) ## run every example, one after the other
	@for example in examples/*.py; do printf '\n== %s\n' "$$example"; $(BIN)/python "$$example" || exit 1; done

serve: $(READY) ## serve the minimal configuration over HTTP; ARGS="--port 9000" adds options
	@$(BIN)/toolyard serve configs/minimal.yaml --transport streamable-http $(ARGS)

test: $(READY) ## run the tests; ARGS="-k name" narrows them
	@$(BIN)/python -m pytest $(WORKERS) $(ARGS)

check: $(READY) ## everything CI checks: style, types, tests and the kernel's coverage
	@echo "ruff" && $(BIN)/ruff check && $(BIN)/ruff format --check
	@echo "mypy and pyright"; $(BIN)/mypy & mypy=$$!; \
	$(BIN)/pyright --warnings --pythonpath $(BIN)/python; pyright=$$?; wait $$mypy && exit $$pyright
	@$(BIN)/python -m pytest $(WORKERS) --cov --cov-branch --cov-fail-under=95

conformance: $(READY) ## run the MCP conformance suites, and clients in TypeScript; installs them in .node
	@$(BIN)/python -m tests.conformance.run
	@$(BIN)/python -m pytest $(WORKERS) -q tests/clients $(ARGS)

# Nothing is written into the acceptance folder: no bytecode, no cache.
acceptance: $(READY) ## run the acceptance tests, where they are
	@if [ -d "$(ACCEPTANCE)" ]; then \
	  PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m pytest -p no:cacheprovider $(WORKERS) -q "$(ACCEPTANCE)" $(ARGS); \
	else \
	  echo "No acceptance tests in $(ACCEPTANCE): skipped."; \
	fi

# The other servers are no dependency of ours: they live apart, and one that cannot be installed is left out.
bench: ## measure calls over the wire next to other MCP servers; installs them in .venv-bench and .node
	@$(MAKE) --no-print-directory VENV=.venv-bench .venv-bench/.ready
	@.venv-bench/bin/python -c "import importlib.metadata as m; m.version('fastmcp')" 2>/dev/null \
	|| .venv-bench/bin/python -m pip install -qq --disable-pip-version-check -c requirements.txt fastmcp \
	|| echo "fastmcp could not be installed." >&2
	@.venv-bench/bin/python -m tests.conformance.node || echo "The TypeScript SDK could not be installed." >&2
	@.venv-bench/bin/python -m benchmarks.wire --output dist/bench $(ARGS)

soak: $(READY) ## serve at half load for a minute: nothing fails, nothing is left; ARGS="--minutes 10"
	@$(BIN)/python -m benchmarks.soak $(ARGS)

guard: $(READY) ## whether calls have become dearer than was accepted; ARGS=--accept accepts what they cost now
	@$(BIN)/python -m benchmarks.guard $(ARGS)

bench-toolkits: $(READY) ## measure what the gate and the sandbox cost on top of the bare operation
	@$(BIN)/python benchmarks/toolkits.py $(ARGS)

# As for bench.
bench-agents: ## measure an agent's turns and calls next to other frameworks; installs them in .venv-bench
	@$(MAKE) --no-print-directory VENV=.venv-bench .venv-bench/.ready
	@for peer in openai-agents pydantic-ai-slim; do \
	  .venv-bench/bin/python -c "import importlib.metadata as m; m.version('$$peer')" 2>/dev/null \
	  || .venv-bench/bin/python -m pip install -qq --disable-pip-version-check -c requirements.txt "$$peer" \
	  || echo "$$peer could not be installed." >&2; \
	done
	@.venv-bench/bin/python -m benchmarks.agents $(ARGS)

pins: $(READY) ## write requirements.txt anew; needs every supported Python
	@$(BIN)/python .ci/pins.py $$(.ci/pythons)

clean: ## remove what the other targets made
	rm -rf .venv .venv-* .node dist .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A Python counts when it runs (a pyenv shim can exist and fail) and can make a virtual environment.
$(READY): pyproject.toml requirements.txt
	@found=; for python in $(CANDIDATES); do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Toolyard needs Python 3.11 or later, with its venv module (on Debian: apt install python3-venv)." >&2; \
	  echo "Tried: $(CANDIDATES). Name another one with make PYTHON=/path/to/python." >&2; \
	  exit 1; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "Setting up $(VENV) with $$("$$found" --version): about a minute, once."; \
	  clear=; if [ -e "$(VENV)/pyvenv.cfg" ]; then clear=--clear; fi; \
	  "$$found" -m venv $$clear "$(VENV)"; \
	else \
	  echo "Bringing $(VENV) up to date."; \
	fi
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
