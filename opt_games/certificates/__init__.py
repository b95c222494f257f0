"""Certificates: proven bounds on what a player could gain by deviating from an equilibrium."""
