"""Whether mail is what it says, and proof that ours is: SPF, DKIM, DMARC, ARC, TLS policies, their reports and keys."""
