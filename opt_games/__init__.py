"""Solve fine-tuning games: equilibria, bargains and Pareto sets."""

__version__ = "0.1.0"
