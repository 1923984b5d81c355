"""Who and what is known here: domains, addresses, mailboxes, logins, keys. Knows nothing of mail content."""
