"""Reports other hosts send about our domains, and those we send about theirs: DMARC (RFC 7489 §7) and TLS (RFC 8460)."""
