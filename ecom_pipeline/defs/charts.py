"""Pictures and tables in asset metadata, drawn from the tables that just went live."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ecom_pipeline.defs.canvas import canvas, markdown

if TYPE_CHECKING:
    import pandas as pd

    from ecom_pipeline.defs.night import Night

Chart = Callable[["Night"], str]


def segments_map(night: Night) -> str:
    """Customers on the two main components of their behaviour, coloured by segment."""
    frame = night.frame(
        "select segment, component_1, component_2 from marts.customer_profiles where component_1 is not null order by customer_id"
    )
    figure, axes = canvas("Customers by behaviour (principal components), coloured by segment")
    for index, (segment, rows) in enumerate(frame.groupby("segment")):
        axes.scatter(rows["component_1"], rows["component_2"], s=5, alpha=0.6, color=f"C{index}", label=segment)
    axes.set_xlabel("component 1")
    axes.set_ylabel("component 2")
    if len(frame):
        axes.legend(markerscale=3)
    return markdown(figure, "segments map")


def covariance(night: Night) -> str:
    """Correlation of the behaviour features."""
    frame = night.frame("select feature_a, feature_b, correlation from models.behaviour_covariance")
    matrix = frame.pivot(index="feature_a", columns="feature_b", values="correlation")
    figure, axes = canvas("Correlation of behaviour features")
    picture = axes.imshow(matrix.to_numpy(dtype=float), cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_xticks(range(len(matrix)), list(matrix.columns), rotation=90, fontsize=7)
    axes.set_yticks(range(len(matrix)), list(matrix.index), fontsize=7)
    figure.colorbar(picture)
    return markdown(figure, "correlation of behaviour features")


def forecast(night: Night) -> str:
    """The last 120 days of total revenue, the forecast and its intervals."""
    history = night.frame(
        "select sales_date, revenue from features.daily_sales where series_kind = 'total'"
        " and sales_date > (select as_of_date from features.as_of) - 120 order by sales_date"
    )
    ahead = night.frame(
        "select forecast_date, forecast, lower, upper, lower_95, upper_95, model from models.forecasts"
        " where measure = 'revenue' and series_kind = 'total' order by forecast_date"
    )
    model = ahead["model"].iloc[0] if len(ahead) else "no model"
    figure, axes = canvas(
        f"Total revenue per day and {len(ahead)} days ahead, {night.shop.currency} ({model}, 80 and 95 %)",
        over_time=True,
    )
    axes.plot(history["sales_date"], history["revenue"], color="0.3", linewidth=1)
    for lower, upper, alpha in (("lower_95", "upper_95", 0.12), ("lower", "upper", 0.25)):
        axes.fill_between(ahead["forecast_date"], ahead[lower], ahead[upper], color="C0", alpha=alpha, linewidth=0)
    axes.plot(ahead["forecast_date"], ahead["forecast"], color="C0", linewidth=1.5)
    axes.set_ylim(bottom=0)
    return markdown(figure, "forecast with interval")


def forecast_parts(night: Night) -> str:
    """What the expected total revenue of each coming day is made of, beside its level."""
    frame = night.frame(
        "select forecast_date, part, value from models.forecast_parts where series_kind = 'total' order by forecast_date"
    )
    table = frame.pivot(index="forecast_date", columns="part", values="value")
    figure, axes = canvas(
        f"Total revenue ahead: what is added to the level of the last four weeks, {night.shop.currency}",
        over_time=True,
    )
    for index, part in enumerate(name for name in table.columns if name != "level"):
        axes.plot(table.index, table[part], color=f"C{index}", linewidth=1.5, label=part)
    axes.axhline(0, color="0.7", linewidth=0.8)
    if len(table):
        axes.legend()
    return markdown(figure, "parts of the forecast")


def forecast_errors(night: Night) -> str:
    """Backtest error of every model over the categories' revenue, baselines in grey."""
    frame = night.frame(
        "select model, is_baseline, avg(value) as wape from models.forecast_evaluation where measure = 'revenue'"
        " and metric = 'wape' and series_kind = 'category' group by model, is_baseline order by wape desc"
    )
    figure, axes = canvas("Mean WAPE of the categories on past weeks, baselines in grey")
    bars = axes.barh(frame["model"], frame["wape"], color=["0.7" if each else "C0" for each in frame["is_baseline"]])
    axes.bar_label(bars, fmt="%.3f", padding=3, fontsize=8)
    return markdown(figure, "error by model")


def forecast_coverage(night: Night) -> str:
    """Share of the last tested days that 80 % bands held, by kind of series."""
    frame = night.frame(
        "select measure || ': ' || series_kind as series, avg(coverage_80) as held from models.forecast_series"
        " where coverage_80 is not null group by all order by series desc"
    )
    figure, axes = canvas("Share of the last tested days within 80 % bands made before them")
    bars = axes.barh(frame["series"], frame["held"], color="C0")
    axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    axes.axvline(0.8, color="0.3", linewidth=1)
    return markdown(figure, "coverage")


def recommendation_quality(night: Night) -> str:
    """Every model's NDCG@10 on the held-out days with its interval, for both targets, and what of the catalogue it offers."""
    from matplotlib import colormaps

    frame = night.frame(
        "select quality.target, quality.model, quality.value, quality.lower, quality.upper, quality.is_baseline,"
        " breadth.value as coverage from models.recommendation_evaluation as quality"
        " left join models.recommendation_evaluation as breadth on quality.model = breadth.model"
        " and quality.target = breadth.target and breadth.metric = 'coverage' and breadth.k = 10"
        " where quality.metric = 'ndcg' and quality.k = 10 and quality.segment = 'warm'"
        " order by quality.target desc, quality.value"
    )
    pictures = []
    for target, rows in frame.groupby("target", sort=False):
        figure, axes = canvas(f"NDCG@10 on held-out days, target {target}, 95 % intervals, baselines in grey")
        colours = ["0.7" if is_baseline else "C0" for is_baseline in rows["is_baseline"]]
        spread = [rows["value"] - rows["lower"], rows["upper"] - rows["value"]]
        axes.barh(rows["model"], rows["value"], color=colours, xerr=spread, error_kw={"elinewidth": 0.8})
        pictures.append(markdown(figure, f"models compared, target {target}"))
        figure, axes = canvas(f"Accuracy and breadth, target {target}, baselines as squares")
        for place, row in enumerate(rows[::-1].itertuples()):
            marker = "s" if row.is_baseline else "o"
            axes.scatter(row.coverage, row.value, color=colormaps["tab20"](place), marker=marker, label=row.model)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        axes.set_xlabel("share of products in anybody's first ten")
        axes.set_ylabel("NDCG@10")
        pictures.append(markdown(figure, f"coverage against accuracy, target {target}"))
    return "\n\n".join(pictures)


def calibration(night: Night) -> str:
    """What was predicted and what happened on the newest 30 days, tenth by tenth."""
    frame = night.frame("select model, predicted, observed from models.propensity_calibration order by model, bin")
    figure, axes = canvas("Buys in the next 30 days: predicted and observed, by tenths of the customers")
    for model, rows in frame.groupby("model"):
        axes.plot(rows["predicted"], rows["observed"], marker="o", markersize=4, label=model)
    highest = float(frame[["predicted", "observed"]].to_numpy().max())
    axes.plot([0, highest], [0, highest], color="0.7", linewidth=1, zorder=0)
    axes.set_xlabel("predicted")
    axes.set_ylabel("observed")
    axes.legend()
    return markdown(figure, "calibration of the probability to buy")


def attribution(night: Night) -> str:
    """The revenue that each method credits to each channel."""
    frame = night.frame(
        "select channel, method, cast(credited_revenue as double) as revenue from marts.channel_attribution order by channel, method"
    )
    table = frame.pivot(index="channel", columns="method", values="revenue")
    figure, axes = canvas("Revenue credited to each channel, by method")
    table.plot.bar(ax=axes, width=0.8)
    axes.set_xlabel("")
    axes.tick_params(axis="x", rotation=0, labelsize=8)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return markdown(figure, "attribution by method")


def _intervals(title: str, alternative: str, frame: pd.DataFrame, colors: list[str]) -> str:
    """A value with its interval per row of ``name, value, lower, upper``."""
    figure, axes = canvas(title)
    for place, (row, color) in enumerate(zip(frame.itertuples(), colors, strict=True)):
        axes.plot([row.lower, row.upper], [place, place], color=color, linewidth=2)
        axes.plot(row.value, place, marker="o", color=color)
    axes.axvline(0, color="0.8", linewidth=1, zorder=0)
    axes.set_yticks(range(len(frame)), list(frame["name"]))
    return markdown(figure, alternative)


def budget(night: Night) -> str:
    """The return of each channel with its interval; grey where there is not enough evidence."""
    frame = night.frame(
        "select channel as name, return_on_spend as value, return_lower as lower, return_upper as upper, has_evidence"
        " from marts.budget_recommendations order by return_on_spend"
    )
    colors = ["C0" if known else "0.6" for known in frame["has_evidence"]]
    title = "Revenue per unit of money spent, with 90 % intervals; grey: not enough evidence"
    return _intervals(title, "return of each channel", frame, colors)


def experiments(night: Night) -> str:
    """Lift of every treatment that can be read; green where its interval lies above nothing, red where below."""
    frame = night.frame(
        "select concat(experiment_id, ': ', treatment) as name, 100 * lift as value, 100 * lower as lower, 100 * upper as upper"
        " from marts.experiment_results where is_readable order by name desc"
    )
    colors = ["C2" if row.lower > 0 else "C3" if row.upper < 0 else "0.6" for row in frame.itertuples()]
    title = "Lift of orders within 30 days, percentage points, with 95 % intervals"
    return _intervals(title, "lift of each treatment", frame, colors)


def recommended(night: Night) -> str:
    """The lists of three customers with their reasons, as a table; of those who buy again, where anybody does."""
    frame = night.frame(
        "select customer_id, shelf, rank, coalesce(product_name, product_id) as product, source, reason_en, reason_zh"
        " from marts.recommendations where rank <= 3 and customer_id in ("
        "select customer_id from marts.recommendations group by customer_id"
        " order by count(case when shelf = 'again' then 1 end) desc, customer_id limit 3"
        ") order by customer_id, shelf, rank"
    )
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "---|" * len(frame.columns)]
    cells = frame.fillna("").astype(str).replace(r"\|", "/", regex=True)
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in cells.itertuples(index=False))])


def funnel(night: Night) -> str:
    """Visits of the whole period, and how many of them reach each step."""
    frame = night.frame(
        "select sum(visits) as visits, sum(visits_with_view) as with_a_view, sum(visits_with_cart) as with_a_cart,"
        " sum(visits_with_purchase) as with_a_purchase from marts.funnel_daily"
    )
    figure, axes = canvas("Funnel: sessions that reach each step")
    bars = axes.bar(list(frame.columns), frame.iloc[0].astype(float), color="C0")
    axes.bar_label(bars, fmt="{:,.0f}", fontsize=8)
    return markdown(figure, "funnel")


def support_mix(night: Night) -> str:
    """Messages per week by intent, and how far each week's mix is from the usual one."""
    from matplotlib import colormaps

    frame = night.frame(
        "select week_date, intent, messages, week_drift from marts.support_weekly order by week_date, intent"
    )
    counts = frame.pivot(index="week_date", columns="intent", values="messages").fillna(0)
    figure, axes = canvas("Messages per week by intent; the line is the drift of the mix (right axis)", over_time=True)
    if len(counts):
        axes.stackplot(
            counts.index,
            counts.to_numpy(dtype=float).T,
            labels=list(counts.columns),
            colors=colormaps["tab20"](range(20)),
        )
        axes.legend(fontsize=6, ncols=2, loc="upper left")
        drift = frame.groupby("week_date")["week_drift"].first()
        right = axes.twinx()
        right.plot(drift.index, drift.astype(float), color="black", linewidth=1)
        right.set_ylim(0, 1)
    return markdown(figure, "messages per week by intent")


def support_desk(night: Night) -> str:
    """Per month: the shares of first contacts answered, of messages abstained from, and of negative ones."""
    frame = night.frame(
        "select cast(date_trunc('month', sent_date) as date) as month_date, sum(messages) as messages,"
        " sum(abstained_messages) as abstained, sum(negative_messages) as negative, sum(first_contacts) as contacts,"
        " sum(answered_first_contacts) as answered from marts.support_daily group by all order by month_date"
    ).astype(dict.fromkeys(("messages", "abstained", "negative", "contacts", "answered"), "float64"))
    figure, axes = canvas("Support desk per month: shares", over_time=True)
    axes.plot(frame["month_date"], frame["answered"] / frame["contacts"], label="first contacts answered")
    axes.plot(frame["month_date"], frame["abstained"] / frame["messages"], label="abstained")
    axes.plot(frame["month_date"], frame["negative"] / frame["messages"], label="negative")
    axes.set_ylim(0, 1)
    axes.legend()
    return markdown(figure, "support desk per month")


CHARTS: dict[str, Chart] = {
    "marts.customer_profiles": segments_map,
    "models.behaviour_covariance": covariance,
    "marts.sales_forecasts": forecast,
    "models.forecast_parts": forecast_parts,
    "models.forecast_evaluation": forecast_errors,
    "models.forecast_series": forecast_coverage,
    "models.recommendation_evaluation": recommendation_quality,
    "marts.recommendations": recommended,
    "marts.funnel_daily": funnel,
    "marts.support_weekly": support_mix,
    "marts.support_daily": support_desk,
    "models.propensity_calibration": calibration,
    "marts.channel_attribution": attribution,
    "marts.budget_recommendations": budget,
    "marts.experiment_results": experiments,
}
"""The chart of a table, by its name."""
