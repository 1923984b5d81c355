"""Scanners beside Facteur, spoken to over their own protocols: spamd and clamd."""
