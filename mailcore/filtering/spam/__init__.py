"""Telling spam from ham: clues of a message, points for its form, and what mailboxes taught."""
