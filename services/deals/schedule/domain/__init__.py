"""The rules of schedules: their dates, and how they go on."""
