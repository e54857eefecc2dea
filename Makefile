.PHONY: check format mutants

check:  ## what .ci/run checks, in the environment you are in
	.ci/check

mutants:  ## put one-line bugs into five modules: would the tests notice?
	python -m benchmarks.mutants

format:
	ruff format .
	ruff check --fix .
