"""A small world to look at: two domains, five people, one of them with 2,000 letters.

Made by a seeded generator, so every machine shows the same. Nothing here is used outside `make demo` and tests.
"""
