"""The problems as Pyomo models, with their mathematics."""
