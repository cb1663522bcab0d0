"""Side by side with PyTorch: the same weights, batches, optimizer and precision, alternating in one run.

Belongs here: the workloads, the two sides, and how pairs of timings become a ratio. Nothing of it is needed to train or
to search; the PyTorch side needs the extra `torch`.
"""
