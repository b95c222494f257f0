"""Pareto-optimal contracts: of a common share, and of one share per domain."""
