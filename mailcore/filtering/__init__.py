"""What is decided about a message by rules: scripts of mailboxes, domains and the house, and what they remember."""
