"""Tell other programs what happened: written with the change itself, delivered afterwards, at least once."""
