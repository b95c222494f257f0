"""What users would pick instead of this package, one file each, and the judge of all answers."""
