from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import tuning
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.evaluate import Target, Window, score, windows
from ecom_pipeline.ml.recommend.history import HistoryModel
from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline.ml.recommend.neighbours import ItemNeighbours
from ecom_pipeline.ml.recommend.popularity import CategoryPopularity, Popularity
from ecom_pipeline.ml.recommend.tuning import (
    budget_seconds,
    seconds_of,
    start,
    tune_baselines,
    tune_lightfm,
    tune_parts,
)
from ecom_pipeline_tests.ml.recommend.builders import bought, checkerboard, departments, field_of


def validation(interactions: pd.DataFrame, target: Target = "new") -> Window:
    found = windows(checked(interactions), target)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("pairs", [1, 1_000, 100_000, 1_000_000, 30_000_000])
@pytest.mark.parametrize("features", [0.0, 3.0])
def test_the_start_leaves_room_for_other_trials_unless_it_is_the_smallest(pairs: int, features: float) -> None:
    parameters = start(pairs, 1_000, features)
    smallest = parameters["components"] == 16
    assert smallest or seconds_of(parameters, pairs, features) * tuning.FITS <= budget_seconds(pairs)
    assert parameters["features"] <= (features > 0)
    assert 3 <= parameters["epochs"] <= 16


def test_all_fits_together_stay_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    window = validation(checkerboard())
    pairs = len(window.train[["customer_id", "product_id"]].drop_duplicates())
    budget = 4.2 * seconds_of(start(pairs, 40, 0.0), pairs, 0.0)
    monkeypatch.setattr(tuning, "budget_seconds", lambda pairs: budget)
    part = tune_lightfm(window, None, trend_half_life=28.0, seed=1)
    fits = [*(trial.parameters for trial in part.trials), *[vars(part.unfitted())] * tuning.FINAL_FITS]
    assert sum(seconds_of(each, pairs, 0.0) for each in fits) <= budget
    assert len(part.trials) == 2


def test_a_budget_that_is_used_up_ends_the_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "budget_seconds", lambda pairs: 1e-9)
    assert len(tune_lightfm(validation(checkerboard()), None, trend_half_life=28.0, seed=1).trials) == 1


@pytest.mark.parametrize(("last", "chosen"), [(0.503, 64), (0.520, 16)])
def test_the_best_trial_is_taken_a_change_only_where_it_is_worthwhile(
    last: float, chosen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {64: 0.500, 32: 0.504, 16: last}
    monkeypatch.setattr(tuning, "CHANGES", ({"components": 32}, {"components": 16}))
    monkeypatch.setattr(tuning, "score", lambda model, window: values[model.components] + 0.001 * (model.trend == 0.5))
    part = tune_lightfm(validation(checkerboard()), None, trend_half_life=28.0, seed=1)
    assert [trial.parameters["components"] for trial in part.trials] == [64, 32, 16]
    assert [trial.value for trial in part.trials] == pytest.approx([0.501, 0.505, last + 0.001])
    stored = vars(part.unfitted())
    assert (stored["components"], stored["trend"]) == (chosen, 0.5)
    assert not any(name.endswith("_") for name in stored)
    assert len(vars(part.fitted)["item_points_"]) == 40


def test_baselines_are_chosen_on_the_window_given_and_come_best_first() -> None:
    interactions, products = departments()
    chosen = tune_baselines(validation(interactions), products, seed=1)
    assert [type(each) for each in chosen] == [CategoryPopularity, Popularity]


def test_without_categories_popularity_is_the_only_baseline() -> None:
    assert [type(each) for each in tune_baselines(validation(departments()[0]), None, seed=1)] == [Popularity]


def test_where_everything_is_of_one_day_no_half_life_is_tried() -> None:
    world = checkerboard()
    dated = validation(world)
    day = replace(dated, train=dated.train.assign(interaction_date=dated.train["interaction_date"].min()))
    trials = {part.fitted.name: len(part.trials) for part in tune_parts(day, day, seed=1)}
    dated_trials = {part.fitted.name: len(part.trials) for part in tune_parts(dated, dated, seed=1)}
    assert trials["frequency"] == 1 < dated_trials["frequency"]
    assert trials["als"] == dated_trials["als"] - 1


def test_the_half_life_suits_the_shop() -> None:
    # the old hit sold ten times as often, long ago; everyone now buys the new one, so only a short half-life finds it
    rows = [(f"c{number:03d}", "old", number % 100) for number in range(200)]
    rows += [(f"d{number:03d}", "new", 158) for number in range(20)]
    rows += [(f"e{number:03d}", "other", 100) for number in range(40)]
    rows += [(f"e{number:03d}", "new", 170) for number in range(40)]
    window = validation(bought(*rows, ("z", "other", 214)))
    assert set(window.truth["product_id"]) == {"new"}
    [popularity] = tune_baselines(window, None, seed=1)
    assert popularity.half_life in (3.0, 7.0)


def test_each_part_is_the_best_of_its_trials_and_fitted_before_the_window() -> None:
    world = checkerboard()
    new, every = validation(world), validation(world, "all")
    for part in tune_parts(new, every, seed=1):
        window = every if part.fitted.name == "frequency" else new
        best = max(trial.value for trial in part.trials)
        assert score(part.fitted, window) >= best / (1 + tuning.WORTHWHILE)
        again = part.unfitted().fit_checked(window.train)
        assert score(again, window) == score(part.fitted, window)


@pytest.mark.parametrize(
    ("values", "of_all", "tried", "chosen"),
    [
        ({90.0: 0.5, 28.0: 0.504, 7.0: 0.9}, {90.0: 0.5, 28.0: 0.504, 7.0: 0.9}, [28.0], 90.0),
        ({90.0: 0.5, 28.0: 0.52, 7.0: 0.52}, {90.0: 0.5, 28.0: 0.50, 7.0: 0.49}, [28.0, 7.0], 28.0),
        ({90.0: 0.5, 28.0: 0.52, 7.0: 0.90}, {90.0: 0.5, 28.0: 0.48, 7.0: 0.90}, [28.0], 90.0),
        (
            {90.0: 0.5, 28.0: 0.51, 7.0: 0.52, 2.0: 0.53},
            {90.0: 0.5, 28.0: 0.52, 7.0: 0.53, 2.0: 0.54},
            [28.0, 7.0, 2.0],
            2.0,
        ),
    ],
    ids=["too little", "until it is no gain", "more lost than gained", "as soon as is tried"],
)
def test_a_history_fades_sooner_as_long_as_both_targets_gain_by_it_and_nothing_is_learned_for_it(
    values: dict[float, float],
    of_all: dict[float, float],
    tried: list[float],
    chosen: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learned = []
    learn = ItemNeighbours._learn
    monkeypatch.setattr(ItemNeighbours, "_learn", lambda *given: (learned.append(1), learn(*given)))

    def stated(model: Recommender, window: Window) -> float:
        recency = getattr(model, "recency", None) if isinstance(model, ItemNeighbours) else 90.0
        return (of_all if window.owned.empty else values).get(recency or 90.0, 0.0)

    monkeypatch.setattr(tuning, "score", stated)
    world = checkerboard()
    parts = tune_parts(validation(world), validation(world, "all"), seed=1)
    [part] = [each for each in parts if each.fitted.name == "item_knn"]
    recencies = [trial.parameters["recency"] for trial in part.trials]
    assert [each for each in recencies if each != 90.0] == tried
    assert len(learned) == recencies.count(90.0)
    assert vars(part.unfitted())["recency"] == chosen


def test_the_penalty_of_ease_is_the_one_that_both_targets_gain_by(monkeypatch: pytest.MonkeyPatch) -> None:
    new_and_all = {20.0: (0.5, 0.5), 80.0: (0.6, 0.3), 5.0: (0.52, 0.52), 1.25: (0.523, 0.523)}

    def stated(model: Recommender, window: Window) -> float:
        return new_and_all[model.penalty][window.owned.empty] if isinstance(model, EASE) else 0.0

    monkeypatch.setattr(tuning, "score", stated)
    world = checkerboard()
    parts = tune_parts(validation(world), validation(world, "all"), seed=1)
    [part] = [each for each in parts if each.fitted.name == "ease"]
    assert vars(part.unfitted())["penalty"] == 5.0
    assert [trial.parameters["penalty"] for trial in part.trials][2:] == [80.0, 5.0, 1.25, 5.0]


def test_where_both_targets_are_one_it_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    window, judged = validation(checkerboard()), []
    monkeypatch.setattr(tuning, "score", lambda model, window: (judged.append(model), 0.5)[1])
    parts = tune_parts(window, window, seed=1)
    assert len(judged) == sum(len(part.trials) for part in parts) + sum(
        1 + isinstance(part.fitted, EASE) for part in parts if isinstance(part.fitted, HistoryModel)
    )


def test_a_large_shop_tries_less(monkeypatch: pytest.MonkeyPatch) -> None:
    world = checkerboard()
    new, every = validation(world), validation(world, "all")
    small = tune_parts(new, every, seed=1)
    monkeypatch.setattr(tuning, "MANY_ROWS", 10)
    large = tune_parts(new, every, seed=1)
    assert [part.fitted.name for part in small][4:] == ["item_knn", "transitions"]
    assert [part.fitted.name for part in large] == ["frequency", "ease", "als"]
    assert [len({trial.parameters.get("half_life") for trial in part.trials}) for part in large] == [4, 2, 2]
    penalties = [{trial.parameters["penalty"] for trial in parts[1].trials} for parts in (small, large)]
    assert penalties == [{20.0, *tuning.PENALTIES}, {20.0}]
    monkeypatch.setattr(tuning, "LARGEST_INVERSE", 30)
    large = tune_parts(new, every, seed=1)
    assert [part.fitted.name for part in large][3:] == ["graph_filter"]
    exponents = [{trial.parameters["customer_exponent"] for trial in parts[3].trials} for parts in (small, large)]
    assert exponents == [{0.5, 0.35}, {0.5}]


def test_what_segments_choose_is_a_part_where_customers_tell_their_segment() -> None:
    """Even customers buy even products and say so: what is popular with their kind is what they want."""
    world = checkerboard()
    new, every = validation(world), validation(world, "all")
    told = pd.Series({name: str(field_of(name)) for name in world["customer_id"].unique()})
    part = tune_parts(new, every, segments=told, seed=1)[-1]
    assert (part.fitted.name, len(part.trials)) == ("segment_popularity", 3)
    assert "segments" not in part.trials[0].parameters
    assert score(part.fitted, new) > 1.5 * score(Popularity().fit_checked(new.train), new)
    unknown = told.mask(told.notna())
    assert tune_parts(new, every, segments=unknown, seed=1)[-1].fitted.name == "transitions"
