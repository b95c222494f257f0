"""Games of several attributes, regulation, liability and taxes: equilibria, bargains, effects."""
