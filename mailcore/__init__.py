"""Facteur's mail system: protocols, core and rim. The faces stand beside it."""
