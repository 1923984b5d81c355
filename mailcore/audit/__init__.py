"""Who did what, before and after. Rows are only ever added; every change tells of itself in its own transaction."""
