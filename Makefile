# The two commands: `make run` opens the studio, `make test` proves it. Both work as the first command ever typed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check chromium clean

run: $(VENV)/run.done
	$(BIN)/python app.py

test: $(VENV)/dev.done chromium check
	$(BIN)/python -m pytest

check: $(VENV)/dev.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.done: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -r requirements.txt
	touch $@

$(VENV)/dev.done: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -r requirements-dev.txt
	touch $@ $(VENV)/run.done

# The browser tests use Debian's Chromium where no other is named by CHROMIUM.
chromium:
	@command -v "$${CHROMIUM:-chromium}" >/dev/null || { \
	  $$(test "$$(id -u)" = 0 || echo sudo) apt-get update && \
	  $$(test "$$(id -u)" = 0 || echo sudo) apt-get install -y --no-install-recommends chromium fonts-dejavu-core; }

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
