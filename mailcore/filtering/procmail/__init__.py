"""Recipes of procmail made into Sieve, with a report of what could not be carried over. Pure."""
