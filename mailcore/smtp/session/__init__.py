"""The receiving side of SMTP, submission and LMTP as a state machine without input or output."""
