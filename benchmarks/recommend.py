"""How good the blend is beside every part and peer, and how fast lists are made: one file in, a table and JSON out.

``python -m benchmarks.recommend DATA.parquet [--judged N] [--days N] [--peers] [--speed [--shape C P]]``. ``benchmarks.recommend_data``
says what a file may hold and how it is split.

Of a published split nothing is bought again, so that the target is ``new`` only. Everyone gets the same windows, exclusions and
metric code; what is judged is never chosen by. What does not belong here: how a file is read.
"""

from __future__ import annotations

import argparse
import json
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import sklearn.ensemble  # noqa: F401 - takes a second to load, before the clocks start

from benchmarks.files import FileError
from benchmarks.recommend_data import SEED, Data, read
from benchmarks.recommend_speed import speed
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.contest import compete
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.evaluate import WINDOW_DAYS, figures, judge
from ecom_pipeline.ml.recommend.history import relative_weights
from ecom_pipeline.ml.recommend.interactions import Floats, Positions
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.popularity import Popularity


class Peer(Recommender):
    """A model of ``implicit`` as it comes."""

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        from implicit.utils import ParameterWarning

        self.weights_ = relative_weights(data, None)
        self.model_ = self._model()
        with warnings.catch_warnings(action="ignore", category=ParameterWarning):
            # implicit's own cosine hands itself the wrong format
            self.model_.fit(self.weights_, show_progress=False)

    @abstractmethod
    def _model(self) -> Any:
        """Return the model, unfitted."""


class BPR(Peer):
    """Bayesian personalised ranking of ``implicit``."""

    name: ClassVar[str] = "implicit_bpr"

    def _model(self) -> Any:
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        return BayesianPersonalizedRanking(factors=64, iterations=100, num_threads=1, random_state=SEED)

    def _score(self, customers: Positions, products: Positions) -> Floats:
        return np.asarray(self.model_.user_factors[customers] @ self.model_.item_factors[products].T)


class Cosine(Peer):
    """Item neighbours of ``implicit``."""

    name: ClassVar[str] = "implicit_cosine"

    def _model(self) -> Any:
        from implicit.nearest_neighbours import CosineRecommender

        return CosineRecommender(K=100, num_threads=1)

    def _score(self, customers: Positions, products: Positions) -> Floats:
        return (self.weights_[customers] @ self.model_.similarity.T.tocsr()[:, products]).toarray().astype(np.float32)


class PlainEASE(EASE):
    """EASE on counts as they are, without decay."""

    name: ClassVar[str] = "plain_ease"


class PlainLightFM(LightFMRecommender):
    """LightFM without trend or decay."""

    name: ClassVar[str] = "plain_lightfm"


def peers() -> list[Recommender]:
    """What is judged beside the blend's own parts."""
    plain = PlainLightFM(components=32, epochs=20, learning_rate=0.02, half_life=None, seed=SEED)
    return [PlainEASE(), plain, BPR(), Cosine()]


def measured(name: str, data: Data, *, judged: int, with_peers: bool) -> dict[str, Any]:
    """Figures of the contest, by target and model, and how long it took."""
    contest = compete(data.both, pd.DataFrame({"product_id": []}), before=data.before, seed=SEED, judged=judged)
    seconds = {name: round(value, 1) for name, value in contest.cpu_seconds.items()}
    seconds["trained / parts"] = round(1 + (seconds["blend"] + seconds["ranker"]) / max(seconds["parts"], 0.1), 2)
    found: dict[str, Any] = {
        "data": name,
        "split": data.split,
        "notes": data.notes,
        "cpu_seconds": seconds,
        "targets": {},
    }
    others = [peer.fit_checked(contest.rounds["new"].test.train) for peer in (peers() if with_peers else [])]
    popularity = next(each for each in contest.baselines if isinstance(each, Popularity))
    for target, round_ in contest.rounds.items():
        everyone = [*round_.judged, *(judge(peer, popularity, round_.test) for peer in others)]
        table = figures(everyone, round_.test, target, seed=SEED)
        table = table[table["segment"] == "warm"].drop_duplicates(["model", "metric", "k"])
        values = table.set_index(["model", "metric", "k"])
        rows = {
            each.recommender: {
                f"{metric}@{k}": _rounded(values.loc[(each.recommender, metric, k), ["value", "lower", "upper"]])
                for metric in ("ndcg", "recall")
                for k in (10, 20)
            }
            for each in everyone
        }
        ours = round_.judged[0].recommender
        singles = {name: row["ndcg@10"][0] for name, row in rows.items() if name not in ("blend", "ranker")}
        best = max(singles, key=lambda name: singles[name])
        found["targets"][target] = {
            "customers": int(table["customers"].iloc[0]),
            "ours": ours,
            "best_single": best,
            "ahead_of_best_single": round(rows[ours]["ndcg@10"][0] / singles[best] - 1, 4) if singles[best] else None,
            "weights": {name: weight for name, weight in round_.weights.items() if weight},
            "validation": {name: round(value, 4) for name, value in round_.validation.items()},
            "ranker_lead": round_.lead,
            "models": rows,
        }
    return found


def _rounded(row: pd.Series) -> list[float]:
    return [round(float(each), 4) for each in row]


def show(found: Mapping[str, Any]) -> None:
    print(f"{found['data']}: {found['split']}; CPU s {found['cpu_seconds']}")
    for note in found["notes"]:
        print(f"  {note}")
    for target, each in found["targets"].items():
        print(f"\ntarget {target}, {each['customers']} customers, weights {each['weights']}")
        print(f"{'':<22}{'NDCG@10':>9}{'95 %':>18}{'NDCG@20':>10}{'Recall@20':>11}{'validation':>12}")
        models = sorted(each["models"].items(), key=lambda item: -item[1]["ndcg@10"][0])
        for name, row in models:
            value, low, high = row["ndcg@10"]
            mark = "*" if name == each["ours"] else " "
            validation = each["validation"].get(name, float("nan"))
            print(
                f"{mark} {name:<20}{value:>9.4f}{low:>10.4f}{high:>8.4f}{row['ndcg@20'][0]:>10.4f}"
                f"{row['recall@20'][0]:>11.4f}{validation:>12.4f}"
            )
        ahead = each["ahead_of_best_single"]
        said = "no list of a single model has a hit" if ahead is None else f"{1 + ahead:.3f}"
        print(f"{each['ours']} / best single ({each['best_single']}): {said}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="*")
    parser.add_argument("--judged", type=int, default=5_000, help="customers judged at most")
    parser.add_argument(
        "--days", type=int, default=WINDOW_DAYS, help="days of the test, and of the validation before it"
    )
    parser.add_argument("--peers", action="store_true", help="judge the peers too")
    parser.add_argument("--speed", action="store_true", help="time the lists as well")
    parser.add_argument(
        "--shape", type=int, nargs=2, default=(100_000, 20_000), help="customers and products of --speed"
    )
    asked = parser.parse_args(arguments)
    found: dict[str, Any] = {"figures": []}
    refused = []
    for path in asked.data:
        try:
            data = read(path, days=asked.days)
        except FileError as error:
            refused.append(str(error))
            continue
        except ValueError as error:
            refused.append(f"{path}: {error}")
            continue
        found["figures"].append(measured(path.name, data, judged=asked.judged, with_peers=asked.peers))
        show(found["figures"][-1])
    if asked.speed:
        found["speed"] = speed(*asked.shape)
        print("\n" + "\n".join(f"{name:<20}{figure:>12,}" for name, figure in found["speed"].items()))
    if asked.speed or found["figures"]:
        print(json.dumps(found))
    if refused:
        raise SystemExit("\n".join(refused))


if __name__ == "__main__":
    main()
