"""A mailbox, or a folder of it, as it was at a moment: what that takes, and doing it."""
