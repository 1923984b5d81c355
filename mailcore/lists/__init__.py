"""Mailing lists: who may post, who is on them, and how a post reaches everybody."""
