"""How the pages read mail: one port, one implementation in process, one over any IMAP server."""
