from __future__ import annotations

from dataclasses import replace
from functools import cache

import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import tuning
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.evaluate import Target, Window, score, windows
from ecom_pipeline.ml.recommend.graph import GraphFilter
from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline.ml.recommend.popularity import CategoryPopularity, Popularity
from ecom_pipeline.ml.recommend.tuning import tune_baselines, tune_parts
from ecom_pipeline_tests.ml.recommend.builders import bought, catalogue, checkerboard, departments, field_of


def validation(interactions: pd.DataFrame, target: Target = "new") -> Window:
    found = windows(checked(interactions), target)
    assert found is not None
    return found[0]


@cache
def board(target: Target = "new") -> Window:
    """The validation window of the checkerboard; nothing that is tried on it changes it."""
    return validation(checkerboard(), target)


@pytest.mark.parametrize(("last", "chosen"), [(0.503, 5.0), (0.520, 1.25)])
def test_the_best_trial_is_taken_a_change_only_where_it_is_worthwhile(
    last: float, chosen: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {5.0: 0.500, 20.0: 0.504, 1.25: last}
    monkeypatch.setattr(tuning, "score", lambda model, window: values.get(getattr(model, "penalty", 0.0), 0.0))
    window = board()
    [part] = [each for each in tune_parts(window, window, seed=1) if isinstance(each.fitted, EASE)]
    assert [trial.parameters["penalty"] for trial in part.trials[:4]] == [5.0, 5.0, 20.0, 1.25]
    assert [trial.value for trial in part.trials[:4]] == [0.500, 0.500, 0.504, last]
    stored = vars(part.unfitted())
    assert stored["penalty"] == chosen
    assert not any(name.endswith("_") for name in stored)
    assert len(vars(part.fitted)["weights_"]) == 40


@pytest.mark.parametrize(("passes", "epochs"), [(1, 3), (3_100, 5), (10**9, 16)])
def test_lightfm_goes_through_as_many_pairs_as_there_is_time_for_and_the_best_trend_is_taken(
    passes: int, epochs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "PASSES", passes)
    monkeypatch.setattr(tuning, "score", lambda model, window: float(getattr(model, "trend", 0.0) == 0.5))
    window = board()
    part = tune_parts(window, window, trend_half_life=7.0, seed=1)[0]
    assert [trial.parameters["trend"] for trial in part.trials] == list(tuning.TRENDS)
    stored = vars(part.unfitted())
    assert (stored["epochs"], stored["trend"], stored["trend_half_life"]) == (epochs, 0.5, 7.0)


@pytest.mark.parametrize(("gain", "chosen"), [(0.003, False), (0.006, True)], ids=["not worthwhile", "worthwhile"])
def test_lightfm_learns_what_products_say_of_themselves_where_that_is_worthwhile(
    gain: float, chosen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "score", lambda model, window: 0.5 + gain * getattr(model, "features", False))
    part = tune_parts(board(), board(), catalogue(checkerboard()), seed=1)[0]
    assert [trial.parameters["features"] for trial in part.trials] == [False] * 5 + [True] * 5
    assert vars(part.unfitted())["features"] is chosen


def test_baselines_are_chosen_on_the_window_given_and_come_best_first() -> None:
    interactions, products = departments()
    chosen = tune_baselines(validation(interactions), products, seed=1)
    assert [type(each) for each in chosen] == [CategoryPopularity, Popularity]


def test_without_categories_popularity_is_the_only_baseline() -> None:
    assert [type(each) for each in tune_baselines(validation(departments()[0]), None, seed=1)] == [Popularity]


def test_where_everything_is_of_one_day_no_half_life_is_tried() -> None:
    dated = board()
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
    window = board()
    for part in tune_parts(window, window, seed=1):
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
            {90.0: 0.5, 28.0: 0.51, 7.0: 0.52, 2.0: 0.53, 0.5: 0.54},
            {90.0: 0.5, 28.0: 0.52, 7.0: 0.53, 2.0: 0.54, 0.5: 0.55},
            [28.0, 7.0, 2.0, 0.5],
            0.5,
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
    learn = GraphFilter._learn
    monkeypatch.setattr(GraphFilter, "_learn", lambda *given: (learned.append(1), learn(*given)))

    def stated(model: Recommender, window: Window) -> float:
        assert isinstance(model, GraphFilter)
        return (of_all if window.owned.empty else values)[model.recency or 90.0]

    monkeypatch.setattr(tuning, "score", stated)
    start = {"components": 8, "recency": 90.0, "seed": 1}
    part = tuning._climb(GraphFilter, start, [], [board(), board("all")])
    recencies = [trial.parameters["recency"] for trial in part.trials]
    assert recencies == [90.0, *tried]
    assert len(learned) == 1
    assert vars(part.unfitted())["recency"] == chosen


def test_the_penalty_of_ease_is_the_one_that_both_targets_gain_by(monkeypatch: pytest.MonkeyPatch) -> None:
    new_and_all = {5.0: (0.5, 0.5), 20.0: (0.6, 0.3), 1.25: (0.52, 0.52)}

    def stated(model: Recommender, window: Window) -> float:
        return new_and_all[model.penalty][window.owned.empty] if isinstance(model, EASE) else 0.0

    monkeypatch.setattr(tuning, "score", stated)
    parts = tune_parts(board(), board("all"), seed=1)
    [part] = [each for each in parts if each.fitted.name == "ease"]
    assert vars(part.unfitted())["penalty"] == 1.25


def test_where_both_targets_are_one_it_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    window, judged = board(), []
    monkeypatch.setattr(tuning, "score", lambda model, window: (judged.append(model), 0.5)[1])
    parts = tune_parts(window, window, seed=1)
    assert len(judged) == sum(len(part.trials) for part in parts)


def test_a_large_shop_tries_less(monkeypatch: pytest.MonkeyPatch) -> None:
    new, every = board(), board("all")
    small = tune_parts(new, every, seed=1)
    monkeypatch.setattr(tuning, "MANY_ROWS", 10)
    large = tune_parts(new, every, seed=1)
    always, dear = ["lightfm", "frequency", "ease", "als"], ["item_knn", "transitions"]
    assert [part.fitted.name for part in small] == [*always, *dear, "first_choices"]
    assert [part.fitted.name for part in large] == [*always, "first_choices"]
    penalties = [{trial.parameters["penalty"] for trial in parts[2].trials} for parts in (small, large)]
    assert penalties == [{5.0, 20.0, 1.25}, {20.0}]


def test_first_choices_are_a_part_where_something_is_chosen_again() -> None:
    twice, every = board(), board("all")
    once = replace(twice, train=twice.train.drop_duplicates(["customer_id", "product_id"]))
    names = [[part.fitted.name for part in tune_parts(each, every, seed=1)] for each in (once, twice)]
    assert set(names[1]) - set(names[0]) == {"first_choices"}


def test_where_ease_goes_by_neighbours_the_graph_filter_is_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    new, every = board(), board("all")
    monkeypatch.setattr(tuning, "LARGEST_INVERSE", 30)
    small = tune_parts(new, every, seed=1)[4]
    monkeypatch.setattr(tuning, "MANY_ROWS", 10)
    large = tune_parts(new, every, seed=1)[4]
    assert small.fitted.name == large.fitted.name == "graph_filter"
    exponents = [{trial.parameters["customer_exponent"] for trial in part.trials} for part in (small, large)]
    assert exponents == [{0.5, 0.35}, {0.5}]


def test_what_segments_choose_is_a_part_where_customers_tell_their_segment() -> None:
    """Even customers buy even products and say so: what is popular with their kind is what they want."""
    new, every = board(), board("all")
    told = pd.Series({name: str(field_of(name)) for name in checkerboard()["customer_id"].unique()})
    part = tune_parts(new, every, segments=told, seed=1)[-1]
    assert (part.fitted.name, len(part.trials)) == ("segment_popularity", 3)
    assert "segments" not in part.trials[0].parameters
    assert score(part.fitted, new) > 1.5 * score(Popularity().fit_checked(new.train), new)
    unknown = told.mask(told.notna())
    assert tune_parts(new, every, segments=unknown, seed=1)[-1].fitted.name == "first_choices"
