"""The benchmark of recommendations reads each kind of split and judges everyone on the same windows."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import recommend
from ecom_pipeline.ml.recommend import contest, tuning
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.evaluate import Window
from ecom_pipeline.ml.recommend.tuning import Part
from ecom_pipeline_tests.ml.recommend.builders import checkerboard


@pytest.fixture(autouse=True)
def few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    def parts(new: Window, every: Window, *, segments: pd.Series | None, seed: int) -> list[Part]:
        return [Part(fitted=EASE().fit_checked(new.train), trials=[])]

    monkeypatch.setattr(contest, "tune_parts", parts)
    monkeypatch.setattr(tuning, "CHANGES", ())


def pairs(table: pd.DataFrame) -> list[list[str]]:
    found: list[list[str]] = table[["customer_id", "product_id"]].to_numpy().tolist()
    return found


def test_positions_hold_out_the_last_the_one_before_and_the_one_before_that(tmp_path: Path) -> None:
    rows = [("a", f"p{position}", position) for position in range(5)] + [("b", "p0", 0), ("b", "p9", 1)]
    pd.DataFrame(rows, columns=["user_id", "item_id", "position"]).to_parquet(tmp_path / "data.parquet")
    both, before, _ = recommend.read(tmp_path / "data.parquet")
    assert before is not None
    assert both["all"] is both["new"]
    windows = [*before["new"], *both["new"]]
    assert [pairs(window.truth) for window in windows] == [[["a", "p2"]], [["a", "p3"]], [["a", "p4"]]]
    assert [len(window.train) for window in windows] == [4, 5, 6]
    last = windows[-1].train.groupby("customer_id", observed=True)["interaction_date"].max()
    # a's last known is the one before the test; b's last is its last
    assert (last["b"] - last["a"]).days == 1


def test_a_published_split_stays_as_it_is(tmp_path: Path) -> None:
    rows = [("train", f"c{n % 20}", f"p{n % 17}") for n in range(300)] + [("test", "c0", "new"), ("test", "cold", "p1")]
    pd.DataFrame(rows, columns=["split", "user_id", "item_id"]).to_parquet(tmp_path / "data.parquet")
    both, before, _ = recommend.read(tmp_path / "data.parquet")
    validation, test = both["new"]
    assert before is None
    assert pairs(test.truth) == [["c0", "new"]]
    assert pairs(test.cold_truth) == [["cold", "p1"]]
    assert len(test.train) == 300
    assert len(validation.train) < 300
    assert validation.truth.merge(validation.owned, on=["customer_id", "product_id"]).empty


def test_the_table_and_the_json_hold_every_part_and_peer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = checkerboard().drop(columns=["event_type", "interactions"])
    names = {"customer_id": "user_id", "product_id": "item_id", "interaction_date": "time"}
    world.rename(columns=names).to_parquet(tmp_path / "data.parquet")
    recommend.main([str(tmp_path / "data.parquet"), "--peers"])
    printed = capsys.readouterr().out
    [found] = json.loads(printed.splitlines()[-1])["figures"]
    assert found["targets"].keys() == {"new", "all"}
    models = found["targets"]["new"]["models"]
    assert models.keys() == {
        "blend", "lightfm", "ease", "popularity", "plain_ease", "plain_lightfm", "implicit_bpr", "implicit_cosine"
    }  # fmt: skip
    assert found["targets"]["new"]["ours"] == "blend"
    assert models["blend"]["ndcg@10"][0] > 2 * models["popularity"]["ndcg@10"][0]
    assert all(name in printed for name in models)
