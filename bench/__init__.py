"""Comparisons with the peers; see `__main__`."""
