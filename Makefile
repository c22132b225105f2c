# `make verify` and `make test` are the two commands of the README; each makes what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= 2

.PHONY: verify test test-all lint bench class-g kinks batches experiments-smoke docs coq soundness processors fuzz kills soak wheel clean

verify: $(VENV)/.main
	$(BIN)/pltheory verify examples/digits.toml

# Workers share the cores already: one thread each. Each takes neighbouring tests, whose fixtures are then made once.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist worksteal

test: $(VENV)/.test
	$(PYTEST) -m 'not slow' --junitxml=build/tests.xml tests

# With those marked slow; writes the figures of both.
test-all: test
	$(PYTEST) -m slow --junitxml=build/slow.xml tests
	$(BIN)/python -m tests.tiers build/tests.xml build/slow.xml > build/tiers.txt
	mv build/tiers.txt docs/tiers.txt

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Peers live in environments of their own. BENCH passes options: BENCH='--quick', BENCH='--rows kernel,step'.
bench: $(VENV)/.test .peers/jax/.done .peers/torch/.done
	$(BIN)/python tests/benchmarks $(BENCH)

# Certificates of convolutional, residual, normalised and attention networks, proved and rechecked; writes the page.
class-g: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks.class_g --recheck --most-gib 14 --page docs/class_g.md

# The same of networks with kinks: ReLU, max pooling.
kinks: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks.kinks --recheck --page docs/kinks.md

# The same of mini-batches: Theorem F1 for every order.
batches: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks.batches --recheck --most-seconds 900 --page docs/batches.md

# Each experiment at its small settings; `python -m experiments NAME --page` makes one in full and writes its page.
experiments-smoke: $(VENV)/.test
	for name in $$(ls -d experiments/*/full.toml | cut -d/ -f2); do \
		$(BIN)/python -m experiments $$name --smoke || exit 1; done

.peers/jax/.done: tests/benchmarks/peers/jax.txt
	$(PYTHON) -m venv .peers/jax
	.peers/jax/bin/python -m pip install --quiet --no-deps -r $<
	touch $@

.peers/torch/.done: tests/benchmarks/peers/torch.txt constraints.txt
	$(PYTHON) -m venv .peers/torch
	.peers/torch/bin/python -m pip install --quiet -c constraints.txt torch numpy scipy
	.peers/torch/bin/python -m pip install --quiet --no-deps -r $<
	touch $@

# The theorems in Coq, with what is written from the sources; installs nothing, says which Debian packages are missing.
coq:
	$(MAKE) -C proofs_checks/coq coq

# The long tier of the soundness battery: SOUNDNESS scales the number of differential cases per primitive.
soundness: $(VENV)/.test
	SOUNDNESS=$(or $(SOUNDNESS),1e5) $(BIN)/pytest -n $(JOBS) --junitxml=build/soundness.xml -o junit_family=xunit1 \
		tests/rigor tests/certification/test_planted.py
	$(BIN)/python -m tests.rigor.counts build/soundness.xml > build/soundness.txt
	mv build/soundness.txt docs/soundness_counts.txt

# The numerical tests under the instructions of other processors; writes docs/processors.txt.
processors: $(VENV)/.test
	$(BIN)/python -m tests.processors --jobs $(JOBS)

# Mutated certificates, configurations, checkpoints and data files; ends at a traceback, a hang or a false acceptance.
fuzz: $(VENV)/.test
	for surface in certificates graph-certificates collapse-certificates configs checkpoints data; do \
		$(BIN)/python -m tests.fuzz $$surface --count $(or $(FUZZ),20000) --seed $(or $(SEED),0) || exit 1; done
	$(BIN)/python -m tests.fuzz.counts build/fuzz > build/fuzz.txt
	mv build/fuzz.txt docs/fuzz_counts.txt

# SIGKILL at random moments of verify, certify and sweep; writes the counts.
kills: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.study.kills --count $(or $(KILLS),200) --seed $(or $(SEED),0) --page docs/kill_counts.txt

# An hour of commands in one process: memory, open files and threads stay flat; writes the figures.
soak: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.soak --minutes $(or $(MINUTES),60) --page docs/soak.txt

# Sdist and wheel into dist/; the wheel is installed into an empty environment and tried there. WHEEL passes options:
# WHEEL='--dependencies-of .venv/bin/python' takes the dependencies of this one, where the registry is slow or far.
wheel: $(VENV)/.test
	$(BIN)/python -m tests.release dist $(WHEEL)

# Warnings are errors; examples in the pages are run. Scripts of the gallery that have not changed are not run again,
# unless the package has.
docs: $(VENV)/.docs docs/gallery/.package
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W --keep-going -q -b doctest docs docs/_build/doctest
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

docs/gallery/.package: $(shell find pltheory -name '*.py')
	rm -rf docs/gallery
	mkdir docs/gallery
	touch $@

# torch is installed first and alone: its CPU build has to be in place before anything asks for a torch.
$(VENV)/.torch: constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	touch $@

$(VENV)/.main: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.test: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,dev,sweep,experiments,callbacks]'
	touch $@ $(VENV)/.main

$(VENV)/.docs: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) .peers build dist *.egg-info
