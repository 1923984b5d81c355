"""Tables of Sendmail and Postfix, brought over line by line: aliases, virtual users, mailers and transports, access."""
