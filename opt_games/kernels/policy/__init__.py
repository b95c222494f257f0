"""Games of several attributes, with floors, liability for harm and taxes, on arrays."""
