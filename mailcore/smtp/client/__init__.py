"""The sending side of SMTP and LMTP as a state machine without input or output."""
