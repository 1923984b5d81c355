"""Bytes that nobody meant, thrown at every parser: `make fuzz`."""
