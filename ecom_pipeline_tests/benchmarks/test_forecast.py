"""The benchmarks of forecasts measure what they say: known answers, the same days for everyone, no look ahead."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import forecast
from benchmarks.cores import Ready
from benchmarks.panels import read
from benchmarks.purchase import COVER, FIXED, curves, simulate
from ecom_pipeline.ml.forecast.panel import Panel
from ecom_pipeline_tests.ml.forecast.builders import panel_of


@pytest.fixture
def data(tmp_path: Path) -> str:
    days = pd.date_range("2024-01-01", periods=120)
    rows = [
        pd.DataFrame(
            {"series_id": name, "date": days, "value": level + (np.arange(120) % 7), "promo": np.arange(120) % 2}
        )
        for name, level in (("a", 10.0), ("b", 0.0))
    ]
    path = tmp_path / "data.parquet"
    pd.concat(rows).to_parquet(path)
    return str(path)


def test_a_perfect_method_scores_perfectly_and_an_empty_one_does_not(data: str) -> None:
    panel, horizon, _ = read(data)
    assert horizon == 28
    assert panel.effects.kinds == ("promotion",)
    naive = forecast.measure(panel, horizon, 2, forecast.METHODS["seasonal naive"])
    assert (naive["wape"], naive["bias"], naive["coverage_80"]) == (0, 0, None)

    def nothing(past: Panel, ahead: int) -> forecast.Answer:
        zero = np.zeros((len(past.keys), ahead))
        return zero, zero, zero + 8

    found = forecast.measure(panel, horizon, 2, nothing)
    assert (found["wape"], found["bias"]) == (1, -1)
    assert found["coverage_80"] == pytest.approx(0.5)


def test_days_that_nobody_knows_are_not_scored(data: str) -> None:
    panel, horizon, _ = read(data)
    panel.values[0, -5:] = np.nan

    def level(past: Panel, ahead: int) -> forecast.Answer:
        answer = past.values[:, -7:].mean(axis=1, keepdims=True).repeat(ahead, axis=1)
        return answer, answer - 4, answer + 4

    found = forecast.measure(panel, horizon, 1, level)
    assert found["coverage_80"] == 1
    figures = [found[name] for name in ("wape", "bias", "pinball_10", "pinball_90")]
    assert all(each is not None and np.isfinite(each) for each in figures)


def test_methods_are_shown_the_past_alone(data: str) -> None:
    panel, horizon, _ = read(data, horizon=14)
    seen = []

    def spy(past: Panel, ahead: int) -> forecast.Answer:
        seen.append((past.length, ahead))
        return np.zeros((len(past.keys), ahead)), None, None

    forecast.measure(panel, horizon, 3, spy)
    assert seen == [(78, 14), (92, 14), (106, 14)]


def test_days_left_out_at_the_end_are_not_seen(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def spy(past: Panel, ahead: int) -> forecast.Answer:
        seen.append(str(past.days[-1].date()))
        return np.zeros((len(past.keys), ahead)), None, None

    monkeypatch.setitem(forecast.METHODS, "theta", spy)
    forecast.main([data, "--horizon", "10", "--skip", "30", "--only", "theta"])
    assert seen == ["2024-03-10", "2024-03-20"]
    with pytest.raises(SystemExit, match="20 periods, expected at least 34 for 2 origins of 10"):
        forecast.main([data, "--horizon", "10", "--skip", "100", "--only", "theta"])


def test_it_prints_a_table_and_json(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    forecast.main([data, "--only", "moving average", "theta"])
    printed = capsys.readouterr().out.splitlines()
    assert "2 series x 120, horizon 28, 2 origins" in printed[0]
    assert set(json.loads(printed[-1])["figures"][data]) == {"moving average", "theta"}


def test_a_price_is_known_until_the_origin(data: str, tmp_path: Path) -> None:
    table = pd.read_parquet(data).assign(price=np.tile(np.arange(120.0) + 1, 2))
    table.to_parquet(tmp_path / "priced.parquet")
    panel = read(str(tmp_path / "priced.parquet")).panel
    assert panel.effects.names == ("promo",)
    assert panel.prices is not None
    seen = panel.until(100).prices
    assert seen is not None
    assert seen[:, -1].tolist() == [100, 100]


def test_prophet_as_it_comes_has_no_answer_for_a_single_day() -> None:
    found, _, _ = forecast.prophet_default(panel_of(np.array([1.0])), 7)
    assert np.isnan(found).all()
    assert not logging.getLogger("cmdstanpy").disabled


def test_peers_are_told_what_is_known_in_advance_and_nothing_else(data: str, tmp_path: Path) -> None:
    table = pd.read_parquet(data)
    table = table.assign(oil=np.sin(np.arange(240)), promo=np.arange(240) % 3 == 0)
    table.to_parquet(tmp_path / "known.parquet")
    panel = read(str(tmp_path / "known.parquet")).panel
    known = forecast.known_in_advance(panel, 100, 20)
    assert known.columns.tolist() == ["unique_id", "ds", "known0"]
    assert known["ds"].iloc[[0, 20]].tolist() == [panel.days[100]] * 2
    assert known["known0"].tolist() == [float(place % 3 == 0) for place in [*range(100, 120), *range(220, 240)]]


def test_speed_names_the_seconds_of_both(
    data: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ours", "Prophet tuned"):
        monkeypatch.setitem(forecast.METHODS, name, forecast.METHODS["seasonal naive"])
    forecast.main([data, "--speed", "5"])
    printed = capsys.readouterr().out.splitlines()
    assert "5 series x 120" in printed[0]
    found = json.loads(printed[-1])["figures"][data]
    assert set(found) == {"ours", "Prophet tuned"}
    assert all(each["cpu_seconds"] >= 0 for each in found.values())


@pytest.mark.parametrize(("threads", "share"), [(0, 0.5), (1, 1.0)])
def test_threads_that_could_use_a_core_are_counted_whether_they_get_it_or_not(threads: int, share: float) -> None:
    def work() -> None:
        ends = time.monotonic() + 0.6
        while time.monotonic() < ends:
            hashlib.sha256(b"x" * 10_000_000).digest()

    with Ready() as ready:
        others = [threading.Thread(target=work) for _ in range(threads)]
        for each in others:
            each.start()
        work()
        for each in others:
            each.join()
    assert ready.share(2) == pytest.approx(share, abs=0.2)


def test_waiting_uses_no_core() -> None:
    with Ready() as ready:
        time.sleep(0.4)
    assert ready.share(2) < 0.2


def test_a_simulated_shelf_by_hand() -> None:
    # starts with 5; wants 2 a day; on day 0 orders up to 5 (nothing), on day 3 up to 8 with nothing left on hand: 8, which
    # arrive on day 4
    held, lost = simulate(np.full((1, 6), 2.0), np.array([[5.0], [8.0]]), review=3, lead=1)
    assert lost.tolist() == [1 + 2]
    assert held.tolist() == [(3 + 1 + 0 + 0 + 6 + 4) / 6]


def test_more_stock_never_loses_more() -> None:
    demand = np.random.default_rng(0).poisson(3, (20, 60)).astype(float)
    lost = [simulate(demand, np.full((9, 20), level), review=7, lead=3)[1].sum() for level in (10.0, 20.0, 40.0, 90.0)]
    assert lost == sorted(lost, reverse=True)
    assert lost[-1] == 0


def test_rules_are_judged_in_days_of_demand_and_a_product_that_ended_does_not_outweigh_the_others() -> None:
    def stock(*series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return curves(panel_of(*series), [FIXED], days=84, review=14, lead=7)[FIXED]

    steady, ended = np.full(400, 2.0), np.concatenate([np.full(316, 2.0), np.full(83, 0.0), [1.0]])
    held, lost = stock(steady)
    np.testing.assert_allclose(stock(steady * 10), (held, lost), rtol=0.05)
    assert lost[np.array(COVER) >= 1] == pytest.approx(0.0)
    assert lost[0] > 0
    assert stock(steady, ended)[0].max() < 2.1 * held.max()
