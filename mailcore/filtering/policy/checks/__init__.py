"""The rules, one file each. A rule is a function that gives verdicts; `chain` says at which stage it is asked.

A rule answers within bounded time and raises nothing: what it cannot find out it does not judge.
"""
