"""IMAP4rev1 as a pure protocol: `grammar` turns bytes into values, `session` answers them."""
