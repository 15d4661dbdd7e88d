"""Pictures in asset metadata: PNG inside Markdown, drawn from the tables that just went live."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ecom_pipeline.defs.night import Night

Chart = Callable[["Night"], str]


def _canvas(title: str) -> tuple[Figure, Axes]:
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams["font.sans-serif"] = ["Noto Sans CJK SC", "WenQuanYi Zen Hei", "SimHei", "DejaVu Sans"]
    figure = Figure(figsize=(7.2, 4.0), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _markdown(figure: Figure, alternative: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return f"![{alternative}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})"


def segments_map(night: Night) -> str:
    """Customers on the two main components of their behaviour, coloured by segment."""
    frame = night.frame(
        "select segment, component_1, component_2 from marts.customer_profiles where component_1 is not null order by customer_id"
    )
    figure, axes = _canvas("Customers by behaviour (principal components), coloured by segment")
    for index, (segment, rows) in enumerate(frame.groupby("segment")):
        axes.scatter(rows["component_1"], rows["component_2"], s=5, alpha=0.6, color=f"C{index}", label=segment)
    axes.set_xlabel("component 1")
    axes.set_ylabel("component 2")
    if len(frame):
        axes.legend(markerscale=3, fontsize=8, frameon=False)
    return _markdown(figure, "segments map")


def covariance(night: Night) -> str:
    """Correlation of the behaviour features."""
    frame = night.frame("select feature_a, feature_b, correlation from models.behaviour_covariance")
    matrix = frame.pivot(index="feature_a", columns="feature_b", values="correlation")
    figure, axes = _canvas("Correlation of behaviour features")
    picture = axes.imshow(matrix.to_numpy(dtype=float), cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_xticks(range(len(matrix)), list(matrix.columns), rotation=90, fontsize=7)
    axes.set_yticks(range(len(matrix)), list(matrix.index), fontsize=7)
    figure.colorbar(picture)
    return _markdown(figure, "correlation of behaviour features")


def forecast(night: Night) -> str:
    """The last 120 days of total revenue, the forecast and its interval."""
    history = night.frame(
        "select sales_date, revenue from features.daily_sales where series_kind = 'total'"
        " and sales_date > (select as_of_date from features.as_of) - 120 order by sales_date"
    )
    ahead = night.frame(
        "select forecast_date, forecast, lower, upper, model from models.forecasts where series_kind = 'total' order by forecast_date"
    )
    model = ahead["model"].iloc[0] if len(ahead) else "no model"
    figure, axes = _canvas(f"Total revenue per day: history and {len(ahead)} days ahead ({model}, 80 % interval)")
    axes.plot(history["sales_date"], history["revenue"], color="0.3", linewidth=1)
    axes.fill_between(ahead["forecast_date"], ahead["lower"], ahead["upper"], color="C0", alpha=0.25, linewidth=0)
    axes.plot(ahead["forecast_date"], ahead["forecast"], color="C0", linewidth=1.5)
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", rotation=30, labelsize=8)
    return _markdown(figure, "forecast with interval")


def recommendation_quality(night: Night) -> str:
    """Every model's NDCG@10 on the held-out days, the baseline hatched."""
    frame = night.frame(
        "select model, value, is_baseline from models.recommendation_evaluation where metric = 'ndcg' and k = 10 order by value"
    )
    figure, axes = _canvas("NDCG@10 on held-out days, baselines in grey")
    bars = axes.barh(
        frame["model"], frame["value"], color=["0.7" if is_baseline else "C0" for is_baseline in frame["is_baseline"]]
    )
    axes.bar_label(bars, fmt="%.4f", padding=3, fontsize=8)
    return _markdown(figure, "precision against baseline")


def funnel(night: Night) -> str:
    """Visits of the whole period, and how many of them reach each step."""
    frame = night.frame(
        "select sum(visits) as visits, sum(visits_with_view) as with_a_view, sum(visits_with_cart) as with_a_cart,"
        " sum(visits_with_purchase) as with_a_purchase from marts.funnel_daily"
    )
    figure, axes = _canvas("Funnel: sessions that reach each step")
    bars = axes.bar(list(frame.columns), frame.iloc[0].astype(float), color="C0")
    axes.bar_label(bars, fmt="{:,.0f}", fontsize=8)
    return _markdown(figure, "funnel")


def support_mix(night: Night) -> str:
    """Messages per week by intent, and how far each week's mix is from the usual one."""
    from matplotlib import colormaps

    frame = night.frame(
        "select week_date, intent, messages, week_drift from marts.support_weekly order by week_date, intent"
    )
    counts = frame.pivot(index="week_date", columns="intent", values="messages").fillna(0)
    figure, axes = _canvas("Messages per week by intent; the line is the drift of the mix (right axis)")
    if len(counts):
        axes.stackplot(
            counts.index, counts.to_numpy(dtype=float).T, labels=list(counts.columns), colors=colormaps["tab20"].colors
        )
        axes.legend(fontsize=6, frameon=False, ncols=2, loc="upper left")
        drift = frame.groupby("week_date")["week_drift"].first()
        right = axes.twinx()
        right.plot(drift.index, drift.astype(float), color="black", linewidth=1)
        right.set_ylim(0, 1)
    axes.tick_params(axis="x", rotation=30, labelsize=8)
    return _markdown(figure, "messages per week by intent")


def support_desk(night: Night) -> str:
    """Per month: the shares of first contacts answered, of messages abstained from, and of negative ones."""
    frame = night.frame(
        "select cast(date_trunc('month', sent_date) as date) as month_date, sum(messages) as messages,"
        " sum(abstained_messages) as abstained, sum(negative_messages) as negative, sum(first_contacts) as contacts,"
        " sum(answered_first_contacts) as answered from marts.support_daily group by all order by month_date"
    ).astype(dict.fromkeys(("messages", "abstained", "negative", "contacts", "answered"), "float64"))
    figure, axes = _canvas("Support desk per month: shares")
    axes.plot(frame["month_date"], frame["answered"] / frame["contacts"], label="first contacts answered")
    axes.plot(frame["month_date"], frame["abstained"] / frame["messages"], label="abstained")
    axes.plot(frame["month_date"], frame["negative"] / frame["messages"], label="negative")
    axes.set_ylim(0, 1)
    axes.legend(fontsize=8, frameon=False)
    axes.tick_params(axis="x", rotation=30, labelsize=8)
    return _markdown(figure, "support desk per month")


CHARTS: dict[str, Chart] = {
    "marts.customer_profiles": segments_map,
    "models.behaviour_covariance": covariance,
    "marts.sales_forecasts": forecast,
    "models.recommendation_evaluation": recommendation_quality,
    "marts.funnel_daily": funnel,
    "marts.support_weekly": support_mix,
    "marts.support_daily": support_desk,
}
"""The chart of a table, by its name."""
