"""What is kept beyond the mailboxes: removed mail for a while, the journal, holds; and the way back to an earlier state."""
