"""The commands of the command line that do not fit into `opt_games.cli`."""
