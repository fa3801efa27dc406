"""Copies of the whole installation, which count only after they were restored and compared."""
