from __future__ import annotations

import pandas as pd

from ecom_pipeline.ml.profile.propensity import rfm_points


def test_points_are_fifths_of_all_buyers() -> None:
    frame = pd.DataFrame({"recency_days": range(10), "orders": [3] * 10, "revenue": range(10)})
    assert rfm_points(frame).tolist() == [5 + 3 + 1, 5 + 3 + 1, 4 + 3 + 2, 4 + 3 + 2, 9, 9, 9, 9, 9, 9]
