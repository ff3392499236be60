# Two commands: `make render` and `make test`. Each sets up what it needs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

render: .venv/gen ## render every environment; ENV=prod renders one
	$(BIN)/gen render $(if $(ENV),--env $(ENV))

validate: .venv/gen ## build and check what Flux would apply; ENV=prod checks one, SINCE=REV what changed
	$(BIN)/gen validate $(if $(ENV),--env $(ENV)) $(if $(SINCE),--since $(SINCE))

check: .venv/gen ## show what render would change
	$(BIN)/gen check $(if $(ENV),--env $(ENV))

review: .venv/gen ## show what merging does, against AGAINST=REV; reports/ gets it as a page
	$(BIN)/gen diff $(if $(AGAINST),--against $(AGAINST)) --write reports
	if [ -n "$$GITHUB_STEP_SUMMARY" ]; then cat reports/review.md >> "$$GITHUB_STEP_SUMMARY"; fi

comment: .venv/gen ## in a workflow: put reports/ onto the pull request
	$(BIN)/gen comment reports

to-provision: .venv/gen ## list the environments whose Azure resources differ from AGAINST=REV
	names=$$($(BIN)/gen list --provision "$(AGAINST)") && echo "$$names" && \
	    if [ -n "$$GITHUB_OUTPUT" ]; then echo "names=$$names" >> "$$GITHUB_OUTPUT"; fi

plan: ## show what provisioning ENV would do in Azure; reports/ keeps it
	mkdir -p reports
	infra/$(ENV)/azure-resource-provisioning.sh plan > reports/plan-$(ENV).txt; status=$$?; \
	    cat reports/plan-$(ENV).txt; exit $$status

apply: ## provision ENV in Azure
	infra/$(ENV)/azure-resource-provisioning.sh apply

lint: .venv/test ## check style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

lint-workflows: .venv/test ## check the workflows alone
	$(BIN)/pytest --quiet tests/test_workflows.py

test-chart: .venv/test ## render, check and run the real chart of both versions; MLFLOW_CHART may hold them
	charts=$$($(BIN)/python -m tests.helm.at_hand) && \
	    MLFLOW_CHART=$$charts $(BIN)/pytest tests/helm/real_chart.py tests/cluster/test_helm.py \
	    tests/cluster/test_helm_upgrade.py --timeout 900

test-azure-long: .venv/test ## kill a first apply after every single write; ENV=prod takes one environment
	$(BIN)/pytest tests/azure/every_kill.py $(if $(ENV),-k $(ENV))

bench: .venv/test ## measure speed, as ratios against a floor in the same run; SINCE=REV adds what permissions cost
	$(BIN)/python -m benchmarks.render
	$(BIN)/python -m benchmarks.plan
	$(BIN)/python -m benchmarks.server
	$(if $(SINCE),$(BIN)/python -m benchmarks.permissions $(SINCE))
	$(BIN)/python -m benchmarks.diff

lock: ## write the locks anew from pyproject.toml and tools/*/requirements.in (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    pyproject.toml --group build -o locks/gen.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    pyproject.toml --group build --group test -o locks/test.txt
	for folder in tools/*/requirements.in; do \
	    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	        $$folder -o $${folder%.in}.txt; \
	done

test: .venv/test ## run every test
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered --cov-fail-under=95

prove: images ## run by hand what takes too long for every change (as root)
	$(BIN)/pytest tests/manifests/with_trivy.py
	ROUNDS=10 $(BIN)/pytest tests/cluster/test_starts.py

programs: .venv/test ## install every program that tests run, and show how long each took
	$(BIN)/python -m tests.install programs

images: .venv/test ## make the images that the cluster's tests run, and show how long each took (as root)
	$(BIN)/python -m tests.install images

test-cluster: images ## run a real Kubernetes with Flux, and MLflow on it (as root)
	$(BIN)/pytest $(or $(TESTS),tests/cluster) -n 2 --dist loadfile --timeout 900

cluster: .venv/test ## bring that cluster up to try things on; ENV=staging takes another than dev
	@$(BIN)/python -m tests.cluster.command up $(or $(ENV),dev)

cluster-status: .venv/test ## show what runs on it, and what Flux says
	@$(BIN)/python -m tests.cluster.command status

cluster-down: .venv/test ## end it
	@$(BIN)/python -m tests.cluster.command down

# A stamp a lock: what is installed is what the lock says, and a second run installs nothing.
.venv/gen: locks/gen.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r locks/gen.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

.venv/test: locks/test.txt .venv/gen
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r locks/test.txt
	@touch $@

.PHONY: help render check review comment to-provision plan apply validate lint lint-workflows bench \
    lock test test-chart test-azure-long prove programs images \
    test-cluster cluster cluster-status cluster-down
