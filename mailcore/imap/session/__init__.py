"""The IMAP server's state machine: commands in, bytes out, the world asked through ports only."""
