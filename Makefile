# What can be done here. Every target makes or refreshes .venv first; nothing outside this folder is changed.
# To run Pult takes less than to work on it, so `make demo` and `make run` leave the tools of developers out.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
FIT_TO_RUN := .venv/fit-to-run
AUDIT := .venv/audit

# Rules of squawk that do not fit, each with its reason:
#   ban-char-field             a currency code is exactly three letters
#   prefer-bigint-over-int     numbers of shops, lines and attempts stay small; ids of rows are bigint
#   prefer-text-field          Alembic's own table has a varchar
#   prefer-robust-stmts        a migration is one transaction; what is done while others write comes after it, at the end
#   require-lock-timeout       every connection of ours sets it (shop/db.py)
#   require-statement-timeout  a migration may take as long as it needs
#   ban-drop-constraint        a check is only ever replaced by a wider one, in the same transaction
#   renaming-object            an index that was made beside the old one takes its name
UNFIT := ban-char-field,prefer-bigint-over-int,prefer-text-field,prefer-robust-stmts,require-lock-timeout,require-statement-timeout,ban-drop-constraint,renaming-object

# What is compiled is kept, whatever the machine's owner prefers: Pult starts many processes, and compiling takes each longer than its start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install demo run test check catalogues audit soak bench bench-scale clean
.DEFAULT_GOAL := install

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	$(call install,[local$(COMMA)dev])
	@touch $(FIT_TO_RUN) $@

$(FIT_TO_RUN): pyproject.toml
	$(call install,[local])
	@touch $@

# What pip does is shown on a terminal; into a file it writes warnings and errors alone. Modules are compiled when they are first used.
COMMA := ,
define install
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON) here. Pult needs Python 3.11 or newer: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Pult needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V). Name a newer one: make install PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make a virtual environment. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || { echo "Making .venv"; $(PYTHON) -m venv --clear .venv; }
	@echo "Installing what pyproject.toml names into .venv"
	@[ -t 1 ] || quiet=--quiet; \
	  $(BIN)/python -m pip install $$quiet --disable-pip-version-check --no-input --no-compile --editable '.$(1)'
endef

demo: $(FIT_TO_RUN)
	@$(BIN)/flask demo

run: $(FIT_TO_RUN)
	@$(BIN)/flask serve

# A file goes to one worker as a whole, so that what its tests share is set up once.
test: install
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder --durations=15

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/deptry . --extend-exclude 'tests|bench'
	$(BIN)/deptry tests bench --ignore DEP002,DEP004
	@SECRET_KEY=for-the-lint-alone DATABASE_URL=postgresql://offline/ REDIS_URL=redis://offline/ \
	  $(BIN)/flask db upgrade --sql > .venv/migrations.sql
	$(BIN)/squawk --pg-version=15.0 --exclude=$(UNFIT) .venv/migrations.sql

# Writes the catalogues of translated sentences anew from the sources; what is empty there is to be translated.
catalogues: install
	@SECRET_KEY=for-the-catalogues DATABASE_URL=postgresql://offline/ REDIS_URL=redis://offline/ $(BIN)/flask languages update

# Known vulnerabilities of what is installed. It asks PyPI's database of advisories, so it is no part of `check`, which needs no network.
# A mirror of PyPI without that database knows no library: that is told as what it is, and no good news.
audit: install
	@[ -x $(AUDIT)/bin/pip-audit ] || { $(PYTHON) -m venv $(AUDIT) && $(AUDIT)/bin/python -m pip install --quiet \
	  --disable-pip-version-check --no-input pip-audit==2.10.1; }
	@$(BIN)/python -m pip freeze --exclude-editable --disable-pip-version-check > $(AUDIT)/installed.txt
	@$(AUDIT)/bin/pip-audit --requirement $(AUDIT)/installed.txt --no-deps --disable-pip --progress-spinner off \
	  > $(AUDIT)/found 2> $(AUDIT)/errors; ended=$$?; cat $(AUDIT)/found; \
	if grep -qE 'ConnectionError|NameResolution|Max retries|HTTPError|ServiceError|Timeout' $(AUDIT)/errors; then \
	  echo "Nothing was audited: the database of advisories at pypi.org cannot be reached from here." >&2; exit 1; \
	elif grep -q 'could not be audited' $(AUDIT)/found; then \
	  echo "$$(grep -c 'could not be audited' $(AUDIT)/found) of $$(grep -c == $(AUDIT)/installed.txt) libraries were not audited: this index has no advisories for them." >&2; exit 1; \
	else cat $(AUDIT)/errors >&2; exit $$ended; fi

soak: install
	$(BIN)/python -m tests.chaos.driver --faults 2000
	PULT_PARTITION_KILLS=100 $(BIN)/pytest tests/partitions -q -m chaos --timeout 3600
	PULT_EVERY_PAGE=1 PULT_GUESSES=10000 $(BIN)/pytest tests/browser/test_accessibility.py tests/staff/test_faults_of_sign_ins.py -q --timeout 3600
	PULT_DRILL=1 PULT_BACKUP_KILLS=50 $(BIN)/pytest tests/backups -q -m chaos --timeout 3600

bench: install
	$(BIN)/python -m bench

# SCALE=1 is 8.2 million order lines, SCALE=50 fifty million, and SCALE=0.01 a hundredth of the first.
bench-scale: install
	$(call install,[local$(COMMA)dev$(COMMA)bench])
	$(BIN)/python -m bench scale
	$(BIN)/python -m bench partitioning

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
