# Two doors for a newcomer: `make demo` and `make test`. Each sets up what is missing first; `make help` lists the rest.
PORT ?= 8000
PY := .venv/bin/python
export PYTHON
export OMP_NUM_THREADS ?= 2

.PHONY: help setup demo up test test-long explore lint types imports migrations deploy-check mutants chaos lock clean bench-kernels bench-gpu gate-kernels bench-regimes bench-screening fuzz-lists bench-scheduler bench-renewal bench-dispatch

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## .venv, Python packages, web libraries; does nothing the second time
	@scripts/setup.sh

demo: setup ## the whole story, against real services
	@$(PY) manage.py demo

up: setup ## the web UI on 127.0.0.1:8000 (PORT=…) with the demo's people; Ctrl-C stops it
	@$(PY) manage.py up --port $(PORT)

test: setup ## every test but those that take minutes
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q -m "not long" $(ARGS)

test-long: setup ## the tests that take minutes: faults on several hosts, gangs, a real Slurm, killed trainers
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q -m long $(ARGS)

explore: setup ## the property tests with examples that no run has seen (a run of `make test` repeats its own)
	@$(PY) -m pytest -n 2 -q -m hypothesis --hypothesis-profile=explore $(ARGS)

lint: setup ## ruff
	@$(PY) -m ruff check .

types: setup ## mypy, strict
	@.venv/bin/mypy accounts ledger procurement allocation config gpu_runtime kernels

imports: setup ## who may import whom
	@.venv/bin/lint-imports --no-cache --no-logo

migrations: setup ## no model change without its migration, no forked migration
	@$(PY) scripts/forked_migrations.py
	@$(PY) manage.py makemigrations --check --dry-run

deploy-check: setup ## Django's own list for production
	@WRIT_ENV=production WRIT_SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))') \
	  WRIT_ALLOWED_HOSTS=writ.example DATABASE_URL=postgresql://writ_app@db.example/writ REDIS_URL=redis://redis.example \
	  WRIT_MAIL_URL=smtps://mail.example \
	  $(PY) manage.py check --deploy --fail-level WARNING

bench-kernels: setup ## our CPU kernels beside eager torch and torch.compile; writes bench/results/kernels-cpu.json
	@$(PY) -m bench.kernels $(ARGS)

bench-gpu: setup ## every GPU row in at most ten minutes; needs an NVIDIA GPU and Triton
	@$(PY) -m bench.gpu $(ARGS)

gate-kernels: setup ## the Triton kernels under two versions of Triton, without a GPU: interpreter, sm_80, sm_90, sm_100
	@$(PY) -m kernels.gate

bench-regimes: setup ## how fast regimes answer, and 100,000 stored determinations under other rules (ARGS=--stored=1000)
	@nice -n 15 $(PY) -m bench.regimes $(ARGS)

bench-screening: setup ## how fast and how well screening finds names, beside its peers (ARGS=--long)
	@nice -n 15 $(PY) -m bench.screening $(ARGS)
	@nice -n 15 $(PY) -m bench.screening_pages $(PAGES)

fuzz-lists: setup ## 10,000 fuzzed list files are loaded or refused with a reason (COUNT=… FIRST=seed)
	@WRIT_FUZZ_LISTS=$(or $(COUNT),10000) WRIT_FUZZ_FIRST=$(or $(FIRST),0) nice -n 15 $(PY) -m pytest -q -s \
	  --show-capture=no -p no:cacheprovider tests/integration/screening/test_fuzzed_lists.py

bench-scheduler: setup ## packing, gang jobs and one pass at scale, beside their peers (ARGS="packing --seeds 1")
	@OMP_NUM_THREADS=1 nice -n 15 $(PY) -m bench.scheduler $(ARGS)

bench-renewal: setup ## 1,250 hosts x 8 attempts renew: one core, PostgreSQL on the other (ARGS="--hosts 100 --seconds 5")
	@$(PY) -m bench.renewal $(ARGS)

bench-dispatch: setup ## short jobs through the whole path, beside Celery's no-op and Slurm's (root; ARGS="--jobs 2000")
	@$(PY) -m bench.dispatch $(ARGS)

mutants: setup ## takes each guard out in turn and sees its test go red
	@$(PY) -m tests.mutants

chaos: setup ## 10 minutes of faults on three hosts in network namespaces (root; SEED=…, SECONDS=…, ARGS="--report FILE")
	@$(PY) -m tests.chaos --seed $(or $(SEED),1) --seconds $(or $(SECONDS),600) $(ARGS)

lock: setup ## compiles requirements.txt and package-lock.json anew
	@scripts/lock.sh

clean: ## removes what set-up made; keeps .writ (your data)
	rm -rf .venv node_modules assets/vendor
