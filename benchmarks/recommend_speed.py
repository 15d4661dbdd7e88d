"""How fast everyone's lists are made: ours, the floor in NumPy and the peers, on one shape in one run.

What does not belong here: how good they are.
"""

from __future__ import annotations

import resource
import time

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.base import cells
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender

SEED = 1
TOP = 20
LOOPED = 100
"""Customers that LightFM's own ``predict`` is timed on."""
BESIDE = 2_000_000_000
"""Scores, customers times products, that the floor and ``implicit`` are timed on at most."""


def speed(customers: int, products: int, components: int = 64, per_customer: int = 20) -> dict[str, float]:
    """CPU seconds for everyone's top 20, and our peak memory: a LightFM-shaped model of ours, the floor in NumPy, the peers.

    The floor leaves nothing out; ours and ``implicit``'s ``recommend`` leave out what customers own. LightFM's own ``predict``
    goes customer by customer. Ours makes everyone's lists; of a larger shape than ``BESIDE`` the others are timed on a part of
    the customers and scaled to all.
    """
    from implicit.cpu.als import AlternatingLeastSquares
    from lightfm import LightFM

    random = np.random.default_rng(SEED)
    points = random.normal(size=(customers, components)).astype(np.float32)
    others = random.normal(size=(products, components)).astype(np.float32)
    ids = pd.Index([f"c{number:07d}" for number in range(customers)])
    catalogue = pd.Index([f"p{number:06d}" for number in range(products)])
    bought = random.integers(products, size=customers * per_customer)
    owned = pd.DataFrame(
        {"customer_id": np.repeat(ids.to_numpy(), per_customer), "product_id": catalogue.to_numpy()[bought]}
    ).drop_duplicates()
    model = LightFMRecommender(seed=SEED)
    model.customers_, model.products_ = ids, catalogue
    model.customer_points_, model.item_points_ = points, others
    model.item_biases_, model.trend_ = np.zeros(products, np.float32), np.zeros(products, np.float32)
    step = 8_000_000 // products
    some = min(customers, BESIDE // products)
    peer = AlternatingLeastSquares(factors=components, num_threads=1)
    peer.user_factors, peer.item_factors = points, others
    liked = cells(ids, model.products_, owned).astype(np.float32)
    own = LightFM(no_components=components)
    own.fit(liked, epochs=0)
    own.user_embeddings, own.item_embeddings = points, others
    own.user_biases, own.item_biases = np.zeros(customers, np.float32), np.zeros(products, np.float32)

    def floor() -> None:
        for start in range(0, some, step):
            scores = points[start : min(start + step, some)] @ others.T
            best = np.argpartition(scores, products - TOP, axis=1)[:, products - TOP :]
            order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
            np.take_along_axis(best, order, axis=1)

    def loop() -> None:
        for customer in range(LOOPED):
            np.argpartition(-own.predict(customer, np.arange(products)), TOP)[:TOP].sort()

    work = {
        "ours": lambda: model.recommend(ids, TOP, exclude=owned),
        "floor": floor,
        "implicit": lambda: peer.recommend(np.arange(some), liked[:some], N=TOP),
        "lightfm loop": loop,
    }
    found: dict[str, float] = {}
    for name, each in work.items():
        started = time.process_time()
        each()
        found[f"{name} CPU s"] = round(time.process_time() - started, 2)
        if name == "ours":
            found["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for name, timed in {"floor": some, "implicit": some, "lightfm loop": LOOPED}.items():
        found[f"{name} CPU s"] = round(found[f"{name} CPU s"] * customers / timed, 1)
    ratios = {
        f"{dear} / {cheap}": round(found[f"{dear} CPU s"] / found[f"{cheap} CPU s"], 2)
        for dear, cheap in (("ours", "floor"), ("ours", "implicit"), ("lightfm loop", "ours"))
    }
    return {"customers": customers, "products": products, **found, **ratios}
