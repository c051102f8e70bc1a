# What there is to run. Needs make (GNU make 3.81 or later), git and Python 3.11 to 3.13, nothing else.
#   make test                        with the first Python that runs, in .venv
#   make test PYTHON=python3.12 VENV=.venv-3.12

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

VENV ?= .venv
PYTHON ?=
BIN := $(VENV)/bin
# The workers of the test run; one process, as for a debugger, with JOBS=0.
JOBS ?= auto

# What `make test` runs stands in pyproject.toml; these take what `make processes` runs too.
COUNTED := not slow and not sweep and not faults and not browser and not editor

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# The tests start some hundred processes: each would compile all of FlowForge where this is set, as in some images.
export PYTHONDONTWRITEBYTECODE :=
# Whatever pip installs below, and what it fetches to build something, is at the version that constraints.txt says. A
# URL, since pip takes white space for the end of a path. Newer releases of pip read the second where they build.
NOTHING :=
HERE := $(subst $(NOTHING) ,%20,$(CURDIR))
export PIP_CONSTRAINT := file://$(HERE)/constraints.txt
export PIP_BUILD_CONSTRAINT := $(PIP_CONSTRAINT)

MADE := $(VENV)/.made
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
FUZZ := $(VENV)/.installed-fuzz
BROWSER := $(VENV)/.installed-browser
DOCS := $(VENV)/.installed-docs
NODE := tools/node/node_modules/.installed
SUPPLY := $(VENV)-supply/.installed
# One resolution for every Python and system; its file names packages, versions and hashes, and never where they are from.
RESOLVE = UV_CUSTOM_COMPILE_COMMAND="make pins" "$(VENV)-supply/bin/uv" pip compile --quiet --universal \
	--python-version 3.11 --fork-strategy fewest --no-annotate --no-emit-index-url --no-emit-index-annotation pyproject.toml
# How many cases each of the planner's laws meets in `make check`: quick, 100 that are always the same; medium, 2,000.
LAWS ?= medium
# Seconds of fuzzing in all, and how many readers at once: as many as there are processors.
FUZZ_SECONDS ?= 3600
FUZZ_JOBS ?=
# Where its chance begins (none: anew each time, printed).
FUZZ_SEED ?=
WORKFLOW_SECONDS ?= 60
CORPUS ?=
# Seconds of a hostile server.
SECONDS ?= 600
# Mutants that are drawn (0: all), from which seed (none: a new one, printed), of which files (none: all of the table).
N ?= 600
SEED ?=
PAGES ?=
ONLY ?=
# Whether benchmarks only run, at sizes that mean nothing.
TRY ?=
MUTANT_JOBS ?= 2

# An environment whose interpreter is gone, or was made with another PYTHON=, is made anew.
STALE := $(shell test -e "$(MADE)" || exit 0; \
	"$(BIN)/python" -c '' 2>/dev/null || echo gone; \
	test -z "$(PYTHON)" || test "$$(cat "$(MADE)")" = "$(PYTHON)" || echo other)
ifneq ($(STALE),)
.PHONY: $(MADE)
endif

.PHONY: help venv install demo test processes coverage check collect laws slow fleet owners faults sweep fuzz fuzz-workflows audit-corpus action-versions adversary mutants browser screenshots editor wheel sbom lowest advisories pins docs site transcripts openapi bench format clean

help:  ## list what there is to run
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-24s %s\n", $$1, $$2}'

$(MADE):
	@tools/make_venv.sh "$(VENV)" "$(PYTHON)"

# The stamp gets the time at which the install began and its name when that ended: a pyproject.toml edited
# meanwhile is noticed, and an interrupted install leaves no stamp.
$(RUN): pyproject.toml constraints.txt $(MADE)
	@echo "Installing FlowForge into $(VENV)"
	@touch $@.begun
	@$(BIN)/python -m pip install --quiet --editable .
	@mv $@.begun $@

# What is fetched must have the hash of its pin; FlowForge itself, which has none, is built by what is installed then.
$(DEV): pyproject.toml constraints.txt requirements-dev.txt $(MADE)
	@echo "Installing FlowForge and what its tests need into $(VENV)"
	@touch $@.begun
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[dev]'
	@mv $@.begun $@

$(FUZZ): $(DEV)
	@echo "Installing what fuzzing needs into $(VENV)"
	@touch $@.begun
	@$(BIN)/python -m pip install --quiet --no-build-isolation --only-binary atheris --editable '.[dev,fuzz]' || \
		echo "atheris cannot be had here: fuzzing goes without coverage"
	@mv $@.begun $@

$(BROWSER): $(DEV)
	@echo "Installing what drives a browser into $(VENV)"
	@touch $@.begun
	@$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[dev,browser]'
	@mv $@.begun $@

$(DOCS): $(DEV)
	@echo "Installing what builds the docs into $(VENV)"
	@touch $@.begun
	@$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[dev,docs]'
	@mv $@.begun $@

# Nothing that is fetched runs as it is installed, and each file must have the hash of its pin.
$(NODE): tools/node/package.json tools/node/package-lock.json
	@if ! command -v node >/dev/null; then echo "node is not here: what needs it is skipped"; \
		else npm ci --prefix tools/node --ignore-scripts --no-audit --no-fund --silent && touch $@; fi

$(SUPPLY): pyproject.toml constraints.txt
	@tools/make_venv.sh "$(VENV)-supply" "$(PYTHON)"
	@"$(VENV)-supply/bin/python" -m pip install --quiet cyclonedx-bom pip-audit uv
	@touch "$@"

venv: $(if $(wildcard $(DEV)),$(DEV),$(RUN))  ## FlowForge alone, in .venv: `. .venv/bin/activate` puts it on the PATH

install: $(FUZZ)  ## into .venv, whatever the targets below need

demo: $(if $(wildcard $(DEV)),$(DEV),$(RUN))  ## the whole story on a local GitHub, in under 20 seconds once .venv is there
	@$(BIN)/flowforge demo

test: $(DEV)  ## the tests
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

processes: $(DEV)  ## what is mostly processes: workflows, pages as a reader follows them, shells, terminals, signals
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'processes and not slow'

coverage: $(DEV)  ## both of these, with branch coverage of at least 95 %: takes half as long again
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(JOBS) --dist worksteal -m '$(COUNTED)'
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --fail-under=95

check: $(DEV)  ## format, lint, types, import contract, sizes, names, documents, and the planner's laws over 2,000 cases each
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/check_sizes.py
	$(BIN)/python tools/check_names.py
	$(BIN)/python tools/check_docs.py
	HYPOTHESIS_PROFILE=$(LAWS) $(BIN)/python -m pytest -q -n $(JOBS) tests/plan/test_laws.py tests/plan/test_histories.py

# Each worker of a test run imports every test; the first time it also compiles them, which takes thrice as long.
collect: $(DEV)  ## import every test and run none: the workers of the first run find them compiled
	@$(BIN)/python -m pytest --collect-only -q -m '' > /dev/null

laws: $(DEV)  ## the planner's laws over 10,000 cases each: after a change of the planner
	HYPOTHESIS_PROFILE=slow $(BIN)/python -m pytest -q -n $(JOBS) tests/plan/test_laws.py

slow: $(DEV)  ## the tests that take minutes, the fault matrix and the sweep; SHARE=4 for a quarter of them
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m 'slow or faults or sweep'

fleet: $(DEV)  ## apply and plan 10,000 repos over HTTP: how many requests, how much memory
	REPOS=10000 $(BIN)/python -m pytest -q -n 0 -s -m slow tests/cli/test_limits.py

owners: $(DEV)  ## apply 10,000 repos of four owners by one App, at GitHub's limits: requests, minutes, memory
	REPOS=10000 $(BIN)/python -m pytest -q -n 0 -s -m slow tests/cli/test_owners_fleet.py

faults: $(DEV)  ## each fault of docs/faults.md, made for real
	$(BIN)/python -m pytest -n $(JOBS) -m 'faults and not slow'

sweep: $(DEV)  ## plant values everywhere, run every command over every fault, and look for any part of them
	$(BIN)/python -m pytest -n $(JOBS) -m sweep

fuzz: $(FUZZ)  ## an hour of strange inputs to every reader; FUZZ_SECONDS=120 for two minutes
	$(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS) $(if $(FUZZ_JOBS),--jobs $(FUZZ_JOBS)) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED))

# Of its own, as these readers are new: `make fuzz` has them too.
fuzz-workflows: $(FUZZ)  ## a minute of strange inputs to the readers of workflows; WORKFLOW_SECONDS=600 for ten
	$(BIN)/python -m fuzz --table fuzz.workflows --seconds $(WORKFLOW_SECONDS) $(if $(FUZZ_JOBS),--jobs $(FUZZ_JOBS))

audit-corpus: $(DEV)  ## judge the corpus of workflows: precision and recall by level; CORPUS=FOLDER for another
	$(BIN)/python -m tools.audit_corpus $(CORPUS)

action-versions: $(DEV)  ## ask GitHub for the tags of Claude's actions: which version a pinned commit is
	$(BIN)/python tools/action_versions.py

adversary: $(DEV)  ## ten minutes of the real commands against a hostile server: times, memory, leaks; SECONDS=60 for one
	$(BIN)/python -m fuzz.adversary --seconds $(SECONDS)

mutants: $(DEV)  ## break one thing at a time, 600 of them at random, and list what no test noticed; N=60 SEED=7 for less
	$(BIN)/python -m tools.mutants --count $(N) --jobs $(MUTANT_JOBS) \
		--map "$(VENV)/mutants.json" --results "$(VENV)/mutants.jsonl" \
		$(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only '$(ONLY)')

# A Chromium is taken as it is found: `apt-get install chromium`, or Chrome itself. Without one the tests are skipped.
browser: $(BROWSER) $(NODE)  ## the page in a real Chromium: sort, filter, keyboard, axe-core, 5,000 rows
	$(BIN)/python -m pytest -n 0 -m browser tests/browser

screenshots: $(BROWSER)  ## draw the page into docs/images, in a real Chromium
	$(BIN)/python -m tests.browser.screenshots docs/images

editor: $(DEV) $(NODE)  ## the manifest's schema in the language server that editors use; needs node
	$(BIN)/python -m pytest -n 0 -m editor tests/editor

wheel: $(DEV)  ## build the wheel, the same twice, into dist, and try it, installed, outside the checkout
	$(BIN)/python tools/check_reproducible.py
	$(BIN)/python tools/check_wheel.py

# The environment that is listed has FlowForge and what it runs on, and nothing else, pip neither.
sbom: $(SUPPLY)  ## list what FlowForge runs on, as installed, in dist/flowforge.cdx.json (CycloneDX)
	"$(VENV)-supply/bin/python" -m venv --clear --without-pip "$(VENV)-run"
	"$(VENV)-supply/bin/python" -m pip --python "$(VENV)-run" install --quiet .
	version=$$("$(VENV)-run/bin/flowforge" --version | cut -d ' ' -f 2) && \
		sed "s/^dynamic = .*/version = \"$$version\"/" pyproject.toml > "$(VENV)-run/pyproject.toml"
	mkdir -p dist
	"$(VENV)-supply/bin/cyclonedx-py" environment --pyproject "$(VENV)-run/pyproject.toml" --output-reproducible \
		--output-file dist/flowforge.cdx.json "$(VENV)-run"

lowest: $(SUPPLY)  ## make test and make processes on the oldest dependencies that pyproject.toml admits
	@tools/make_venv.sh "$(VENV)-lowest" "$(PYTHON)"
	$(RESOLVE) --no-deps --resolution lowest-direct --output-file "$(VENV)-lowest/lowest.txt"
	cp constraints.txt "$(VENV)-lowest/constraints.txt"
	$(RESOLVE) --extra dev --constraint "$(VENV)-lowest/lowest.txt" --output-file "$(VENV)-lowest/constraints.txt"
	cat "$(VENV)-lowest/lowest.txt"
	PIP_CONSTRAINT="file://$$(cd "$(VENV)-lowest" && pwd | sed 's/ /%20/g')/constraints.txt" \
		"$(VENV)-lowest/bin/python" -m pip install --quiet --editable '.[dev]'
	"$(VENV)-lowest/bin/python" -m pytest -q -n $(JOBS) -m '$(COUNTED)' --ignore tests/house

advisories: $(SUPPLY)  ## ask for known advisories about the oldest dependencies and about the pinned ones
	"$(VENV)-supply/bin/python" tools/advisories.py "$(VENV)-supply/bin/python"

pins: $(SUPPLY)  ## pin what pyproject.toml asks for; with UPGRADE=1 at the newest versions that it admits
	$(RESOLVE) --all-extras --group supply $(if $(UPGRADE),--upgrade) --output-file constraints.txt
	$(RESOLVE) --extra dev --constraint constraints.txt --generate-hashes --output-file requirements-dev.txt
	$(RESOLVE) --group action --constraint constraints.txt --generate-hashes --output-file action/requirements.txt

docs: $(DOCS)  ## write the generated pages of docs/ anew, and build the site, strictly, into build/site
	$(BIN)/python tools/check_docs.py --write
	$(BIN)/python tools/docs_site.py

# It writes no page, so it may run beside what compares them.
site: $(DOCS)  ## build the site of the pages as they are, strictly, into build/site
	$(BIN)/python tools/docs_site.py

# Which pages: PAGES='docs/tutorial.md docs/howto/*.md'.
transcripts: $(DEV)  ## put what the commands of a page print today into the page: PAGES=docs/tutorial.md
	$(BIN)/python -m tests.docs $(PAGES)

openapi: $(DEV)  ## derive tests/data/github-openapi.json from GitHub's description: FILE=api.github.com.json
	$(BIN)/python tools/derive_openapi.py "$(FILE)"

bench: $(DEV)  ## measure what benchmarks/RESULTS.md says, and write it anew; ONLY='startup audit' for two, TRY=1 to try it
	@BENCH_QUICK=$(TRY) $(BIN)/python benchmarks/report.py $(ONLY)
	@$(if $(TRY),,$(BIN)/python tools/check_docs.py --write)

format: $(DEV)  ## put the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove what these targets made
	rm -rf .venv .venv-lowest .venv-run .venv-supply build dist .coverage .coverage.* htmlcov
	rm -rf .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .fuzz tools/node/node_modules
