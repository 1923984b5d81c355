"""Copies of everything that is kept: taken while mail moves, added to, verified, and put back."""
