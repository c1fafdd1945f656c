# Three words. Each prepares what it needs; nothing else has to be installed first.
.PHONY: setup demo test

setup: ## .venv with everything in it
	@PYTHON="$(PYTHON)" .ci/setup

demo: setup ## the whole product on this machine, until Ctrl-C
	@.venv/bin/salesarck demo

test: setup ## every fence and every test
	@.venv/bin/nox
