"""Many games in lockstep: the same steps on arrays whose lanes are different games."""
