"""The pure core: what goals, scores and pay are. No clock, no files, no network, no database."""
