"""SQLite as Facteur runs it: a newer library where its wheel exists, and a fair gate for writers.

Django's engine of the same name, with three differences. The library comes from the
`pysqlite3` wheel where it is installed, since SQLite before 3.51.3 can corrupt a WAL
database that several connections write. Commits are synchronous=FULL, because a 250 means
kept. And each writing transaction first takes a lock on a file beside the database:
SQLite's own waiting is unfair (of eight writers two got one commit in two seconds).
"""
