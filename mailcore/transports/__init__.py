"""How mail leaves for elsewhere: ordered routes to transports, domains relayed for others, addresses never written to."""
