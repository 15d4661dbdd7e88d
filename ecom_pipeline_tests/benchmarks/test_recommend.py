"""The benchmark of recommendations judges everyone on the same windows, and goes on after a file it cannot judge on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import recommend
from ecom_pipeline.ml.recommend import contest
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.evaluate import Window
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.tuning import Part
from ecom_pipeline_tests.ml.recommend.builders import checkerboard


@pytest.fixture(autouse=True)
def few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    def parts(new: Window, every: Window, *given: object, seed: int, **told: object) -> list[Part]:
        models = [LightFMRecommender(epochs=16, seed=seed), EASE()]
        return [Part(fitted=model.fit_checked(new.train), trials=[]) for model in models]

    monkeypatch.setattr(contest, "tune_parts", parts)


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


def test_a_file_that_cannot_be_judged_on_is_said_and_the_others_are_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = checkerboard().drop(columns=["event_type", "interactions"])
    world.to_parquet(tmp_path / "good.parquet")
    world.drop(columns="product_id").to_parquet(tmp_path / "bad.parquet")
    with pytest.raises(SystemExit, match=r"bad\.parquet: the columns are customer_id, interaction_date; expected one"):
        recommend.main([str(tmp_path / "bad.parquet"), str(tmp_path / "good.parquet")])
    [found] = json.loads(capsys.readouterr().out.splitlines()[-1])["figures"]
    assert found["data"] == "good.parquet"
