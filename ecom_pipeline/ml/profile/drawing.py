"""Who is learned from where not everybody can be: customers are drawn each by their own name.

One customer more or less then changes no other's draw, so that scores and segments move with the customers and not with
the sample. What does not belong here: how many are drawn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def drawn(names: pd.Index, most: int, *, seed: int) -> NDArray[np.int64]:
    """Places of those who are drawn, in order: the ``most`` with the lowest hashes of their names.

    Parameters
    ----------
    names
        What tells the rows apart, such as customers, or customers at cut-offs.
    most
        How many at most.
    seed
        Begins the hashes.
    """
    if len(names) <= most:
        return np.arange(len(names))
    hashes = pd.util.hash_pandas_object(names, index=False, hash_key=f"{seed:016}"[-16:]).to_numpy()
    return np.sort(np.argpartition(hashes, most)[:most])
