"""The game on arrays: many contracts at once, searched globally."""
