"""The remote shops: one folder a platform, and the plain records they all yield."""
