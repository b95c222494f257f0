"""Solvers compared: right answers, wrong claims and time, on games whose answer is known."""
