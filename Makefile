# The two commands: `make run` opens the studio, `make test` proves it. Both work as the first command ever typed.
# `make bench` measures how fast it is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCHMARKS := tests/benchmarks

.PHONY: run test check bench chromium clean

run: $(VENV)/run.done
	$(BIN)/python app.py

test: $(VENV)/dev.done chromium check
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not alone"
	$(BIN)/python -m pytest -m alone

check: $(VENV)/dev.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# About an hour on two cores that have nothing else to do. What it finds is kept in tests/benchmarks/results.
bench: $(VENV)/dev.done
	$(BIN)/python $(BENCHMARKS)/training_speed.py --shapes 123x4 123x4:apart --budget 15
	$(BIN)/python $(BENCHMARKS)/training_speed.py --shapes 123x16 600x8 2000x8 --dtypes bfloat16 --ways guide ours recommended \
	  --budget 15
	$(BIN)/python $(BENCHMARKS)/tools_cost.py --budget 8
	kind=$$($(BIN)/python $(BENCHMARKS)/machine.py) && \
	  $(BIN)/python $(BENCHMARKS)/evaluation_speed.py --json $(BENCHMARKS)/results/$$kind-evaluation.json && \
	  $(BIN)/python $(BENCHMARKS)/start_up.py --json $(BENCHMARKS)/results/$$kind-start-up.json

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
