"""Files of who chose what are read whatever form their ids, times and weights have, or it is said what was expected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.recommend_data import read
from ecom_pipeline_tests.ml.recommend.builders import checkerboard

WORLD = (
    checkerboard()
    .drop(columns=["event_type", "interactions"])
    .rename(columns={"customer_id": "user_id", "product_id": "item_id", "interaction_date": "time"})
)
TIMES = WORLD["time"]
SECONDS = TIMES.astype("datetime64[s]").astype("int64")


def pairs(table: pd.DataFrame) -> list[list[str]]:
    found: list[list[str]] = table[["customer_id", "product_id"]].to_numpy().tolist()
    return found


def written(frame: pd.DataFrame, folder: Path, name: str = "data.parquet") -> Path:
    path = folder / name
    if name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if "tsv" in name else ",")
    return path


def test_positions_hold_out_the_last_the_one_before_and_the_one_before_that(tmp_path: Path) -> None:
    # positions count from where they like, with gaps, in any order of rows
    rows = [("a", f"p{place}", 1 + 3 * place) for place in reversed(range(5))] + [("b", "p0", 0), ("b", "p9", 1)]
    data = read(written(pd.DataFrame(rows, columns=["user_id", "item_id", "position"]), tmp_path))
    assert data.before is not None
    assert data.both.keys() == {"new"}
    windows = [data.before["new"], *data.both["new"]]
    assert [pairs(window.truth) for window in windows] == [[["a", "p2"]], [["a", "p3"]], [["a", "p4"]]]
    assert [len(window.train) for window in windows] == [4, 5, 6]
    last = windows[-1].train.groupby("customer_id", observed=True)["interaction_date"].max()
    # a's last known is the one before the test; b's last is its last
    assert (last["b"] - last["a"]).days == 1


def test_orders_that_share_a_number_are_held_out_whole_and_what_was_bought_again_is_a_target(tmp_path: Path) -> None:
    orders = {"a": ["xy", "xz", "yz", "xyw", "zv"], "b": ["xy", "x"]}
    rows = [(who, place, what) for who, each in orders.items() for place, some in enumerate(each) for what in some]
    data = read(written(pd.DataFrame(rows, columns=["user_id", "order_number", "item_id"]), tmp_path))
    chosen = {
        target: ["".join(product for _, product in pairs(each.truth)) for each in both]
        for target, both in data.both.items()
    }
    assert chosen == {"new": ["w", "v"], "all": ["wxy", "vz"]}
    assert data.before is not None
    assert {target: pairs(past.truth) for target, past in data.before.items()} == {
        "new": [],
        "all": [["a", "y"], ["a", "z"]],
    }


def test_kinds_of_events_are_known_in_the_words_of_exports_and_the_others_left_out(tmp_path: Path) -> None:
    words = np.resize(["pv", "AddToCart", "fav", "transaction", "remove_from_cart"], len(WORLD))
    data = read(written(WORLD.assign(behavior=words), tmp_path))
    assert set(data.both["new"][1].train["event_type"]) == {"view", "cart", "favourite", "purchase"}
    assert next(note for note in data.notes if "remove_from_cart" in note).startswith(
        f"{(words == 'remove_from_cart').sum()} rows left out"
    )


def test_windows_are_of_as_many_days_as_asked_for(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=300)
    rows = [(f"c{n % 7}", f"p{(n + when) % 400}", day) for when, day in enumerate(days) for n in range(7)]
    path = written(pd.DataFrame(rows, columns=["user_id", "item_id", "time"]), tmp_path)
    for length in (28, 30):
        data = read(path, days=length)
        assert data.before is not None
        cuts = [window.last_day for window in (*data.both["new"][::-1], data.before["new"])]
        assert [(days[-1].date() - cut).days for cut in cuts] == [length, 2 * length, 3 * length]


def test_a_published_split_stays_as_it_is(tmp_path: Path) -> None:
    rows = [("train", f"c{n % 20}", f"p{n % 17}") for n in range(300)] + [("test", "c0", "new"), ("test", "cold", "p1")]
    data = read(written(pd.DataFrame(rows, columns=["split", "user_id", "item_id"]), tmp_path))
    validation, test = data.both["new"]
    assert data.before is None
    assert pairs(test.truth) == [["c0", "new"]]
    assert pairs(test.cold_truth) == [["cold", "p1"]]
    assert len(test.train) == 300
    assert len(validation.train) < 300
    assert validation.truth.merge(validation.owned, on=["customer_id", "product_id"]).empty


@pytest.mark.parametrize(("test_rows", "held"), [(20, 0.1), (250, 0.2), (3_000, 0.25)])
def test_as_much_is_held_out_for_validation_as_the_test_has_of_all(test_rows: int, held: float, tmp_path: Path) -> None:
    rows = [("train", f"c{n % 50}", f"p{n}") for n in range(1_000)]
    rows += [("test", f"c{n % 50}", f"p{n + 7}") for n in range(test_rows)]
    data = read(written(pd.DataFrame(rows, columns=["split", "user_id", "item_id"]), tmp_path))
    assert 1 - len(data.both["new"][0].train) / 1_000 == pytest.approx(held, abs=0.03)
    assert f"{held:.0%} of training pairs" in data.split


def test_a_published_validation_is_kept_and_learned_from_for_the_test(tmp_path: Path) -> None:
    rows = [("train", "a", "x"), ("train", "b", "y"), ("valid", "a", "y"), ("test", "b", "x")]
    data = read(written(pd.DataFrame(rows, columns=["split", "user_id", "item_id"]), tmp_path))
    validation, test = data.both["new"]
    assert (pairs(validation.truth), len(validation.train)) == ([["a", "y"]], 2)
    assert (pairs(test.truth), len(test.train)) == ([["b", "x"]], 3)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """What both windows hold where a time is one."""
    found = read(written(WORLD, tmp_path_factory.mktemp("plain"))).both["new"]
    return [(pairs(window.truth), len(window.train)) for window in found]


@pytest.mark.parametrize(
    ("times", "name"),
    [
        (TIMES.dt.tz_localize("Europe/London"), "data.parquet"),
        (TIMES.dt.date, "data.parquet"),
        (SECONDS, "data.parquet"),
        (SECONDS.astype(str), "data.parquet"),
        (SECONDS * 1_000.0, "data.parquet"),
        (SECONDS * 1_000_000, "data.parquet"),
        (SECONDS * 1_000_000_000, "data.parquet"),
        (TIMES.dt.strftime("%Y%m%d").astype(int), "data.csv"),
        (TIMES.dt.strftime("%m%d").astype(int), "data.csv"),
        (TIMES.dt.strftime("%Y-%m-%d %H:%M:%S UTC"), "data.csv.gz"),
        (TIMES.dt.strftime("%d/%m/%Y %H:%M"), "data.csv"),
        ((TIMES - TIMES.min()).dt.days + 17, "data.tsv"),
    ],
)
def test_times_are_days_whatever_their_form(times: pd.Series, name: str, plain: list[object], tmp_path: Path) -> None:
    found = read(written(WORLD.assign(time=times), tmp_path, name)).both["new"]
    assert [(pairs(window.truth), len(window.train)) for window in found] == plain


def test_rows_without_ids_or_times_are_left_out_and_counted(tmp_path: Path) -> None:
    frame = WORLD.astype({"user_id": object, "time": object})
    frame.loc[[3, 4, 6], "user_id"] = [None, np.nan, ""]
    frame.loc[[5], "time"] = pd.NaT
    data = read(written(frame, tmp_path))
    assert [note.split(", such")[0] for note in data.notes] == [
        "3 rows left out: user_id is not a value",
        "1 rows left out: time is not a time",
    ]
    assert not {"nan", "None", ""} & set(data.both["new"][1].train["customer_id"])


def test_ids_of_a_text_file_keep_their_zeros(tmp_path: Path) -> None:
    frame = WORLD.assign(item_id=WORLD["item_id"].str[1:])
    assert {"001", "010"} <= set(read(written(frame, tmp_path, "data.csv")).both["new"][1].train["product_id"])


def test_weights_below_one_count_as_one_and_are_counted(tmp_path: Path) -> None:
    weights = np.resize([0.5, 3.0, 0.0, -2.0, np.nan], len(WORLD))
    data = read(written(WORLD.assign(rating=weights), tmp_path))
    assert data.both["new"][1].train["interactions"].isin([1.0, 3.0]).all()
    [note] = data.notes
    assert note == f"{(~(weights >= 1)).sum():,} weights below 1, or none, count as 1"


def test_columns_are_known_without_case_or_underscores_and_the_others_named(tmp_path: Path) -> None:
    frame = WORLD.rename(columns={"user_id": "userId", "item_id": "ItemID"}).assign(genre="drama")
    data = read(written(frame, tmp_path))
    assert list(data.notes) == ["user_id is userId", "item_id is ItemID", "not used: genre"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (WORLD.drop(columns="item_id"), "the columns are user_id, time; expected one for item_id or product_id"),
        (WORLD.drop(columns="time"), "expected one for time or .*; without a time, a column split or position"),
        (WORLD.assign(time="soon"), "no rows are left; .*time is not a time, such as 'soon' in row 1"),
        (WORLD.assign(time=TIMES.min()), "the days from 2024-01-01 to 2024-01-01 are too few to be split"),
        (WORLD.assign(split=1), "split is 1; expected train and test"),
        (
            WORLD.assign(item_id=[[each] for each in WORLD["item_id"]]),
            r"item_id is array\(.*in row 1; expected one value",
        ),
        (
            WORLD.assign(event="sale"),
            "no rows are left; .*event is not one of view, .*, purchase, such as 'sale' in row 1",
        ),
        (WORLD.assign(user_id=WORLD.index), "nothing to judge on: in the validation .* no customer with rows before"),
        (WORLD.assign(position=0, user_id=WORLD.index), "nothing to judge on: in the validation"),
        (WORLD.iloc[:0], "no rows are left"),
    ],
)
def test_what_cannot_be_judged_on_says_what_was_expected(frame: pd.DataFrame, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(written(frame, tmp_path))
