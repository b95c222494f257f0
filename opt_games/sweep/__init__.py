"""Sweeps: many games as labelled data."""
