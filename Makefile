.PHONY: check format

check:  ## what .ci/run checks, in the environment you are in
	ruff format --check .
	ruff check .
	mypy
	pytest

format:
	ruff format .
	ruff check --fix .
