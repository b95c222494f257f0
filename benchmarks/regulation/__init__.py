"""The figures of "The Backfiring Effect of Weak AI Safety Regulation", computed exactly."""
