# Needs git, make and Python 3.11 or newer; everything else goes into .venv, from requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2
EXTRAS := browser dask grids lock notebooks site test

.PHONY: help paper site pdf test lab course skies lock lowest setup clean
help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

paper: setup  ## run every notebook at the default parameters into runs/paper/, print the claims table, build the site
	@$(BIN)/python -m lisbon_core paper --jobs $(JOBS)
	@$(BIN)/python -m lisbon_core site

site: setup  ## build the website from the notebooks as they were last run: _build/site/html
	@$(BIN)/python -m lisbon_core site

pdf: setup  ## print the same as one PDF, _build/lisbon.pdf (needs Chromium)
	@$(BIN)/python -m lisbon_core pdf

test: setup  ## check the style, run every test
	@$(BIN)/ruff check
	@OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

# This machine alone reaches it, with a token; it asks no server for news, updates or extensions.
lab: setup  ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab $$(test "$$(id -u)" != 0 || echo --allow-root) --ServerApp.root_dir=. --ServerApp.ip=127.0.0.1 \
	    --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
	    --LabApp.extension_manager=readonly notebooks/00_reading_guide.ipynb

course: setup  ## exercises for students, lecturers and nbgrader, and slides, into _build/course/
	@$(BIN)/python -m lisbon_core course
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir _build/course/student .

skies: setup  ## make the embedded synthetic skies anew
	@$(BIN)/python -c 'from lisbon_core.synthetic import write_embedded_skies; write_embedded_skies("data")'

lock:  ## pin every dependency anew
	@$(BIN)/uv pip compile pyproject.toml --group build $(EXTRAS:%=--extra %) --universal \
	    --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    --upgrade --quiet --output-file requirements.lock

lowest: setup  ## run the tests with the lowest versions that pyproject.toml allows, in .venv-lowest
	@mkdir -p _build
	@$(BIN)/uv pip compile pyproject.toml --group build $(EXTRAS:%=--extra %) --resolution lowest-direct \
	    --python $(BIN)/python --no-header --quiet --output-file _build/lowest.txt
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-lowest
	@$(BIN)/uv pip sync --quiet --python .venv-lowest/bin/python _build/lowest.txt
	@$(BIN)/uv pip install --quiet --python .venv-lowest/bin/python --no-deps --no-build-isolation --editable .
	@LISBON_CACHE='$(CURDIR)/_build/lowest-cache' OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=passive \
	    .venv-lowest/bin/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -W ignore::DeprecationWarning

# .venv is made again only when the lock differs from the one it was made from, or when this folder was moved or renamed.
setup:
	@cmp -s requirements.lock .venv/requirements.lock && grep -qsF ' $(CURDIR)/.venv' .venv/pyvenv.cfg || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Lisbon needs Python 3.11 or newer, which $(PYTHON) is not: try make PYTHON=python3.12 ..." >&2; exit 1; }; \
	  echo "Installing into .venv"; rm -rf .venv && $(PYTHON) -m venv .venv && \
	  $(BIN)/python -m pip install --quiet --no-compile --require-hashes --requirement requirements.lock && \
	  { $(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true; } && \
	  cp requirements.lock .venv/requirements.lock; }
	@cmp -s pyproject.toml .venv/pyproject.toml || { \
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable . && \
	  cp pyproject.toml .venv/pyproject.toml; }

clean:  ## remove .venv and what runs left
	@rm -rf .venv .venv-lowest runs _build .pytest_cache .ruff_cache .hypothesis
