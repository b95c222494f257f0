"""Where, along parameters, the outcome of a game changes in kind."""
