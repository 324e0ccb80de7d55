"""Answer the questions of elements about companies and requisites (CLI-07, REQ-05)."""
