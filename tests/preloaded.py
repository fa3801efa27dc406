"""What a warm process has imported before it is forked: what Pult's own entries import."""

import gc

gc.disable()  # as in app.py and worker.py: nothing that the imports build is garbage

import shop.factory  # noqa: E402 what comes before is about the imports
import shop.queues  # noqa: E402
import shop.ticking  # noqa: E402,F401

gc.freeze()
gc.enable()
