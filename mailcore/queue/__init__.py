"""Accepted messages until each of their recipients is settled. Knows nothing of mailboxes or sockets."""
