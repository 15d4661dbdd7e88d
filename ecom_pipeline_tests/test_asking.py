"""Questions are answered from the files of a release alone."""

from __future__ import annotations

import json
import shutil
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline.asking import Asking
from ecom_pipeline.cli import FAILED, main
from ecom_pipeline.contracts import load_contracts
from ecom_pipeline.warehouse.release import ReleaseError, publish
from ecom_pipeline_tests.e2e.mini import write_mini
from ecom_pipeline_tests.ml.support.test_desk import FAQ, ORDERS, PRODUCTS, RECOMMENDED, published_examples, sent

pytestmark = pytest.mark.usefixtures("any_mood")

CARD = {"model": "support_intent", "metric": "macro_f1", "baseline": "keyword", "decision": "published", "reason": "r"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose shop has published what questions are answered from, and nothing else."""
    folder = tmp_path_factory.mktemp("data")
    contracts = load_contracts()
    examples = published_examples(sent([]).assign(intent=None), FAQ)
    card = {**CARD, "parameters": json.dumps({"target_error": 0.1}), "seed": 1, "versions": "{}", "metrics": "{}"}
    content = {
        "models.support_examples": examples,
        "marts.customer_orders": ORDERS.assign(recency=1),
        "marts.products": PRODUCTS.assign(is_active=True),
        "marts.recommendations": RECOMMENDED,
    }
    with duckdb.connect() as connection:
        for name in (*content, "models.support_card"):
            columns = ", ".join(f"{column} {kind}" for column, kind in contracts[name].types.items())
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            connection.execute(f"create table {name} ({columns})")
        for name, frame in content.items():
            connection.register("given", frame)
            connection.execute(f"insert into {name} by name select * from given")
        names = ", ".join(card)
        connection.execute(
            f"insert into models.support_card ({names}) values ({', '.join('?' * len(card))})", [*card.values()]
        )
        written = [contracts[name] for name in (*content, "models.support_card")]
        publish(connection, written, folder / "releases" / "mini", run_id="r", shop="mini", keep=1)
    write_mini(folder / "shop")
    return folder


def test_an_order_is_told_to_its_customer_only(data: Path) -> None:
    releases = data / "releases" / "mini"
    mine = Asking(releases, "CNY", ["C1"]).ask("Where is my order?", "C1", date(2024, 6, 3))
    assert mine.answer == "See My orders. Order O2 of 2024-06-01 is pending."
    nobodys = Asking(releases, "CNY", []).ask("Where is my order O2?", None, date(2024, 6, 3))
    assert "pending" not in nobodys.answer


def test_an_open_desk_answers_in_fifty_milliseconds(data: Path) -> None:
    releases = data / "releases" / "mini"
    with duckdb.connect(str(releases / "current" / "release.duckdb"), read_only=True):  # as other readers do
        asking = Asking(releases, "CNY", ["C1"])
    costs = []
    for question in (
        "Where did my order go?",
        "发票抬头怎么改",
        "Do you have desk lamps below 300?",
        "我很生气，赶紧退款",
    ):
        started = time.process_time()
        asking.ask(question, "C1", date(2024, 6, 3))
        costs.append(time.process_time() - started)
    assert min(costs) < 0.05


def test_ecom_ask_prints_one_document_or_two_lines_for_each_question(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = ["--shop", str(data / "shop"), "--data-dir", str(data), "--json"]
    assert main(["ask", "怎么开发票", *given]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["intent"], told["is_known"], told["sources"]) == ("invoice", True, ["clean.faq:F4"])
    file = tmp_path / "questions.txt"
    file.write_text("Where is my order?\n\nqwertz uiop asdf\n👍\n", "utf-8")
    assert main(["ask", "--file", str(file), *given]) == 0
    assert [one["is_known"] for one in json.loads(capsys.readouterr().out)] == [True, False, False]
    assert main(["ask", "--file", str(file), *given[:-1]]) == 0
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()[1::2]]
    starts = ("order_status (", "best guess: ", "no intent; ")
    assert [line.startswith(start) for line, start in zip(printed, starts, strict=True)] == [True] * 3
    assert main(["ask", *given]) == 2


def asked_after(change: str, releases: Path) -> str:
    """What is said where the release cannot be asked any more after a change."""
    with duckdb.connect(str(releases / "current" / "release.duckdb")) as connection:
        connection.execute(change)
    with pytest.raises(ReleaseError) as refused:
        Asking(releases, "CNY", [])
    return str(refused.value)


def test_what_cannot_answer_says_why(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="nothing has been published"):
        Asking(tmp_path, "CNY", [])
    releases = tmp_path / "releases" / "mini"
    shutil.copytree(data / "releases", releases.parent, symlinks=True)
    for lacking, as_of_an_earlier_version in (
        ("target_error", "update models.support_card set parameters = '{}'"),
        ("target_error", "delete from models.support_card"),
        ("target_error", "drop table models.support_card"),
        ("examples", "alter table models.support_examples drop column text"),
        ("examples", "drop table models.support_examples"),
    ):
        refused = asked_after(as_of_an_earlier_version, releases)
        assert refused.startswith(f"the current release has no {lacking} as this version reads them; run a night first")
        assert "\n" not in refused
    shutil.rmtree(releases)
    shutil.copytree(data / "releases" / "mini", releases, symlinks=True)
    few = asked_after("delete from models.support_examples where intent <> 'invoice'", releases)
    assert "examples of 1 intents" in few
    (releases / "current" / "release.duckdb").write_bytes(b"no database" * 1000)
    with pytest.raises(ReleaseError, match=r"release\.duckdb: cannot be read: .*not a valid DuckDB database file"):
        Asking(releases, "CNY", [])


def test_questions_in_another_encoding_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "questions.txt"
    file.write_bytes("订单在哪里？".encode("gb18030"))
    assert main(["ask", "--file", str(file)]) == FAILED
    assert capsys.readouterr().err.startswith(f"ecom: {file}: expected text in UTF-8; invalid")
