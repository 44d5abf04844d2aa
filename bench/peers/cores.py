"""How many threads a peer computes with: PyTorch by itself takes one on some machines, whatever they have."""
import os


def cores():
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
