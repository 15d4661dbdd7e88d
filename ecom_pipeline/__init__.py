"""A shop's exports in, one audited release out, every night."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
"""The models' matrices are small: threads of BLAS and OpenMP, which wait by spinning, cost a busy machine five times the CPU."""
