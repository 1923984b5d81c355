"""The commands of the language, by subject."""
