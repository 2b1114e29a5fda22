.PHONY: run test install browser check chaos clean

PYTHON ?= python3.11
VENV := .venv
READY := $(VENV)/.ready

run: install            ## the demo: raw documents in, an evaluated model out
	nice $(VENV)/bin/python -m tasks.warm & $(VENV)/bin/smelt run recipes/demo.yaml

test: install browser   ## every test, against real services and a real browser
	$(VENV)/bin/python -m tests

browser:                ## headless Chromium, which one test drives
	@command -v chromium >/dev/null || { echo "installing chromium with apt"; apt-get update -qq && apt-get install -y -qq chromium >/dev/null; }

install: $(READY)       ## the environment, in .venv, with the command `smelt`

check: install          ## lint, format, types and the arrows between the rooms
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

SECONDS ?= 1800
SEED ?= 1
chaos: install          ## the whole product while its store, network and processes fail: make chaos SECONDS=600 SEED=7
	$(VENV)/bin/python -m bench.chaos --seconds $(SECONDS) --seed $(SEED)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet "uv==$$(sed -n 's/^uv==//p' constraints.txt)"
	UV_FIND_LINKS="$${UV_FIND_LINKS:-$$PIP_FIND_LINKS}" \
	    $(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

clean:                  ## stop the services and forget everything that was made
	-$(VENV)/bin/smelt down
	rm -rf .smelt
