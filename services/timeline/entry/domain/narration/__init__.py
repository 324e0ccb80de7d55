"""The texts of the timeline: `narrator.narrate` turns an event into one line per element (TL-01 to TL-03)."""
