"""The `sendmail` command of this machine: `python -m mailcore.sendmail`, as `deploy/sendmail` calls it."""
