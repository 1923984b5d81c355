"""The journal of a domain: every accepted message with its true envelope, in a chain of digests."""
