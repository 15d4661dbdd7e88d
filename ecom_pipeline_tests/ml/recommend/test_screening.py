from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from ecom_pipeline.ml.recommend import screening
from ecom_pipeline.ml.recommend.blend import Blend
from ecom_pipeline.ml.recommend.evaluate import Window, windows
from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline.ml.recommend.ranker import firsts
from ecom_pipeline.ml.recommend.screening import promising
from ecom_pipeline_tests.ml.recommend.builders import frame

PRODUCTS = 2_000


def one_each() -> tuple[Blend, Window]:
    """Product ``n`` is the ``n``-th in popularity; of 300 customers each turns to one more, mostly far behind the first."""
    random = np.random.default_rng(2)
    rows = [("shop", f"p{number:04d}", 0, "view", 9_000 - 4 * number) for number in range(PRODUCTS)]
    for customer, product in enumerate((PRODUCTS * random.random(300) ** 3).astype(int)):
        rows += [(f"c{customer}", "p0000", 90, "view", 1), (f"c{customer}", f"p{product:04d}", 150, "view", 1)]
    rows += [("shop", "p0000", 160, "view", 1)]
    found = windows(checked(frame(rows)), "all")
    assert found is not None
    window = found[1]
    return Blend(parts=[Popularity(half_life=None)], weights={"popularity": 1.0}).fit_checked(window.train), window


@pytest.mark.parametrize(("choices", "expected"), [([0, 90, 150, 500, 1900], [0, 1, 2]), ([], [])])
def test_who_chose_something_far_behind_is_left_out(choices: list[int], expected: list[int]) -> None:
    blend, _ = one_each()
    customers = len(choices) or 5
    wanted = sparse.csr_matrix(
        (np.ones(len(choices), bool), (np.arange(len(choices)), choices)), shape=(customers, len(blend.products_))
    )
    assert promising(blend, np.arange(customers), wanted, depth=100).tolist() == expected
    several = sparse.vstack([wanted] * 3 + [sparse.csr_matrix(np.ones((1, PRODUCTS), bool))], format="csr")
    assert len(promising(blend, np.arange(3 * customers + 1), several, depth=100)) == 3 * customers + 1


def test_the_ranker_sees_the_same_with_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    blend, window = one_each()
    screened = firsts(blend, window)
    monkeypatch.setattr(screening, "CHOICES", 0)
    whole = firsts(blend, window)
    assert 0 < len(whole.places) < len(window.customers) / 2
    for name in ("places", "everyone", "features", "blended", "hit", "chosen"):
        assert np.array_equal(getattr(screened, name), getattr(whole, name)), name


def test_where_everybody_chose_something_far_behind_there_is_nothing_to_order() -> None:
    blend, window = one_each()
    window.truth["product_id"] = "p1990"
    seen = firsts(blend, window)
    assert not len(seen.places)
    assert seen.ndcg(None).tolist() == [0.0] * len(window.customers)
