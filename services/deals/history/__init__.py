"""What clients had before: their deals, which are here, and their leads, as far as deals hears of them (DEAL-17)."""
