"""The big table in quarters: how it became partitioned, what makes, retires and brings back its partitions."""
