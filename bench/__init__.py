"""Benchmarks: each scenario measures Hark and its baseline in the same run. `python -m bench --list` names them."""
