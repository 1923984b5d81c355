"""TLS certificates of this server: given as files or as rows, or obtained and renewed by ACME; which one is shown for a name."""
