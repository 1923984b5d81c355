"""The tests of the language, by subject."""
