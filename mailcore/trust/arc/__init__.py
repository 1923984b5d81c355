"""ARC: what each host that changed a message found before. RFC 8617."""
