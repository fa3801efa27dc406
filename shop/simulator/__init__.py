"""A made-up shop of any size, the same one for the same seed: the demo, the tests and the benchmarks live on it."""
