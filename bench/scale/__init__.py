"""The full size: `make bench-scale` fills the real schema with 8.2 million order lines and measures the pages on it."""
