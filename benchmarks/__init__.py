"""Benchmarks and fits: commands to run by hand, on data given by path. ``index`` and ``rag`` need none of it."""
