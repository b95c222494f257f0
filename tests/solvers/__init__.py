"""Tests of the solver back ends."""
