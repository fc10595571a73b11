# Hark's commands. Each is one line: the work is in scripts/dev.py, which also runs without make.
PYTHON = python3
ARGS =

.PHONY: help demo demo-reset test check fmt lock lock-check bench chaos smoke

help:
	@$(PYTHON) scripts/dev.py --help

demo:
	@$(PYTHON) scripts/dev.py demo $(ARGS)

demo-reset:
	@$(PYTHON) scripts/dev.py demo-reset

test:
	@$(PYTHON) scripts/dev.py test $(ARGS)

check:
	@$(PYTHON) scripts/dev.py check

fmt:
	@$(PYTHON) scripts/dev.py fmt

lock:
	@$(PYTHON) scripts/dev.py lock $(ARGS)

lock-check:
	@$(PYTHON) scripts/dev.py lock --check

bench:
	@$(PYTHON) scripts/dev.py bench $(ARGS)

chaos:
	@$(PYTHON) scripts/dev.py chaos $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

smoke:
	@$(PYTHON) scripts/smoke.py
