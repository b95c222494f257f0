"""Bargaining solutions over contracts, with the equilibrium inside."""
