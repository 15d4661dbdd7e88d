# Two commands: `make demo` and `make test`. Both set up .venv when it is missing or the lock changed, and can be repeated.
PYTHON ?= python3
SHOP ?= sample
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
export DAGSTER_DISABLE_TELEMETRY := 1
# Compiled modules are kept, whatever the shell says: tests start many processes, and pytest rewrites every file's assertions.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo transformer test unit lint ui bench-warehouse bench-support bench-forecast bench-profile bench-marketing bench-recommend clean

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.journey: requirements-journey.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-journey.lock
	touch $@

transformer: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-transformer.lock

demo: $(VENV)/.installed $(if $(filter journey,$(SHOP)),$(VENV)/.journey)
	test -f data/shops/$(SHOP)/shop.yaml || $(BIN)/ecom init data/shops/$(SHOP) --sample $(SHOP)
	$(BIN)/ecom run --shop data/shops/$(SHOP)

ui: $(VENV)/.installed
	test -f data/dagster/$(SHOP)/dagster.yaml || install -D ecom_pipeline/defs/dagster.yaml data/dagster/$(SHOP)/dagster.yaml
	DAGSTER_HOME=$(CURDIR)/data/dagster/$(SHOP) ECOM_SHOP=data/shops/$(SHOP) $(BIN)/dagster dev --host 127.0.0.1 --port 3000

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/.installed
	$(PYTEST) -m "not slow"

test: lint
	$(PYTEST)

bench-warehouse: $(VENV)/.installed
	$(BIN)/python -m benchmarks.warehouse

bench-support: $(VENV)/.installed
	$(BIN)/python -m benchmarks.support $(TRAIN) $(TEST) $(if $(UNKNOWN),--unknown $(UNKNOWN)) $(if $(REVIEWS),--reviews $(REVIEWS))

bench-forecast: $(VENV)/.installed
	$(BIN)/python -m benchmarks.forecast $(DATA)

# DAYS="NAME=FILE ..." of customer_id, activity_date, orders, revenue; CDNOW=FILE, the sample of the BG/NBD paper.
bench-profile: $(VENV)/.installed
	$(BIN)/python -m benchmarks.profile --rows 10000000 $(if $(DAYS),--days $(DAYS)) $(if $(CDNOW),--cdnow $(CDNOW))

# TOUCHES=FILE, SPEND=FILE, EXPERIMENT=FILE as benchmarks/marketing.py describes them; without any the planted parts alone.
bench-marketing: $(VENV)/.installed
	$(BIN)/python -m benchmarks.marketing $(if $(TOUCHES),--touches $(TOUCHES)) $(if $(SPEND),--spend $(SPEND)) \
		$(if $(EXPERIMENT),--experiment $(EXPERIMENT))

bench-recommend: $(VENV)/.installed
	$(BIN)/python -m benchmarks.recommend $(DATA) --peers --speed

clean:
	rm -rf $(VENV) data/work data/releases data/dagster
