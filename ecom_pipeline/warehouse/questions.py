"""What is asked about two releases: what moved, in counts and sums that name no customer.

A question is two SELECTs: one over a single release, whose result is ``earlier`` or ``later``, and one over these two that
gives the rows that moved, or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Question:
    """A SELECT over one release, ``{side}``, the columns it needs there, and a SELECT over ``earlier`` and ``later``.

    ``most`` rows of it, in this order, tell enough.
    """

    title: str
    needs: Mapping[str, tuple[str, ...]]
    each: str
    moved: str
    order: str
    most: int = 20

    @property
    def query(self) -> str:
        """One SELECT over the releases attached as ``before`` and ``after``, which has how many rows there are in all."""
        earlier, later = (self.each.format(side=side) for side in ("before", "after"))
        return f"""
            with earlier as ({earlier}), later as ({later}), moved as ({self.moved})
            select *, count(*) over () as in_all from moved order by {self.order} limit {self.most}
            """


LISTED = {"marts.recommendations": ("product_id", "product_name")}
PLACES = """
    select product_id, max(product_name) as product_name, count(*) as places
    from {side}.marts.recommendations
    group by product_id
    """
PLACES_MOVED = """
    select product_id, coalesce(later.product_name, earlier.product_name) as product_name,
        coalesce(earlier.places, 0) as places_before, coalesce(later.places, 0) as places_after,
        places_after - places_before as move
    from earlier full join later using (product_id)
    """

QUESTIONS = {
    "loads": Question(
        title="Files loaded",
        needs={
            "ops.loads": ("load_id", "source", "file", "sha256", "rows_loaded", "loaded_at", "superseded_by_load_id")
        },
        each="select * from {side}.ops.loads where superseded_by_load_id is null",
        moved="""
            select source, file,
                case when earlier.load_id is null then 'new file' when later.load_id is null then 'not loaded any more'
                    else 'new version' end as what,
                earlier.rows_loaded as rows_before, later.rows_loaded as rows_after,
                earlier.load_id as load_before, later.load_id as load_after,
                date_trunc('second', later.loaded_at) as loaded_at
            from earlier full join later using (source, file)
            where earlier.load_id is null or later.load_id is null or earlier.sha256 <> later.sha256
            """,
        order="greatest(rows_before, rows_after) desc, source, file",
    ),
    "made_with": Question(
        title="Made with",
        needs={"ops.runs": ("shop_fingerprint", "started_at"), "marts.model_scores": ("seed", "versions")},
        each="""
            with last_run as (
                select shop_fingerprint, code_fingerprint
                from (select null::varchar as code_fingerprint where false union all by name from {side}.ops.runs)
                order by started_at desc
                limit 1
            )
            select 'version of the project' as what, left(code_fingerprint, 12) as value from last_run
            union all
            select 'shop.yaml', left(shop_fingerprint, 12) from last_run where code_fingerprint is not null
            union all
            select 'seed', max(seed)::varchar from {side}.marts.model_scores
            union all
            select 'library ' || library.key, max(library.value ->> '$')
            from {side}.marts.model_scores, json_each(versions) as library
            group by library.key
            """,
        moved="""
            select what, earlier.value as before, later.value as after
            from earlier full join later using (what)
            where case what when 'shop.yaml' then earlier.value <> later.value
                else earlier.value is distinct from later.value end
            """,
        order="starts_with(what, 'library'), what desc",
    ),
    "days": Question(
        title="Days of sales",
        needs={"marts.sales_daily": ("sales_date",)},
        each="select min(sales_date) as first, max(sales_date) as last from {side}.marts.sales_daily",
        moved="""
            select earlier.first as first_before, later.first as first_after,
                earlier.last as last_before, later.last as last_after
            from earlier, later
            where (earlier.first, earlier.last) is distinct from (later.first, later.last)
            """,
        order="last_after",
    ),
    "figures": Question(
        title="The shop, all days together",
        needs={
            "marts.sales_daily": ("orders", "units", "gross_revenue", "refunds", "net_revenue"),
            "marts.customer_profiles": ("orders",),
        },
        each="""
            unpivot (
                select coalesce(sum(orders), 0)::double as orders, coalesce(sum(units), 0)::double as units,
                    coalesce(sum(gross_revenue), 0)::double as gross_revenue,
                    coalesce(sum(refunds), 0)::double as refunds,
                    coalesce(sum(net_revenue), 0)::double as net_revenue,
                    (select count(*)::double from {side}.marts.customer_profiles) as customers,
                    (select count(*)::double from {side}.marts.customer_profiles where orders > 0) as buyers
                from {side}.marts.sales_daily
            ) on columns(*) into name figure value amount
            """,
        moved="""
            select figure, earlier.amount as before, later.amount as after,
                round(100 * (later.amount - earlier.amount) / nullif(earlier.amount, 0), 2) as move_percent
            from earlier join later using (figure)
            where earlier.amount <> later.amount
            """,
        order="figure",
    ),
    "models": Question(
        title="Models",
        needs={"marts.model_scores": ("domain", "model", "metric", "value", "baseline_value", "decision")},
        each="select domain, model, metric, value, baseline_value, decision from {side}.marts.model_scores",
        moved="""
            select model, metric, earlier.value as before, later.value as after,
                earlier.baseline_value as baseline_before, later.baseline_value as baseline_after,
                earlier.decision as decision_before, later.decision as decision_after
            from earlier full join later using (domain, model, metric)
            where (earlier.value, earlier.baseline_value, earlier.decision)
                is distinct from (later.value, later.baseline_value, later.decision)
            """,
        order="model, metric",
    ),
    "segments": Question(
        title="Customers who changed segment",
        needs={"marts.customer_profiles": ("customer_id", "segment")},
        each="select customer_id, segment from {side}.marts.customer_profiles",
        moved="""
            select coalesce(earlier.segment, '(no customer yet)') as segment_before,
                coalesce(later.segment, '(no customer any more)') as segment_after,
                count(*) as customers
            from earlier full join later using (customer_id)
            where earlier.segment is distinct from later.segment
            group by earlier.segment, later.segment
            """,
        order="customers desc, segment_before, segment_after",
    ),
    "recommendations": Question(
        title="Recommendations of something new to customers in both",
        needs={"marts.recommendations": ("customer_id", "shelf", "rank", "product_id")},
        each="select customer_id, rank, product_id from {side}.marts.recommendations where shelf = 'new'",
        moved="""
            select *,
                round(100 * first_changed / customers, 1) as first_changed_percent,
                round(100 * new_places / places, 1) as new_places_percent
            from (
                select count(*) as customers, count(*) filter (earlier.product_id <> later.product_id) as first_changed
                from earlier join later using (customer_id, rank)
                where rank = 1
            ), (
                select count(*) as places, count(*) filter (earlier.rank is null) as new_places
                from later left join earlier using (customer_id, product_id)
                where customer_id in (select customer_id from earlier)
            )
            where first_changed > 0 or new_places > 0
            """,
        order="customers",
    ),
    "products_gained": Question(
        title="Products recommended more often",
        needs=LISTED,
        each=PLACES,
        moved=f"{PLACES_MOVED} where move > 0",
        order="move desc, product_id",
        most=10,
    ),
    "products_lost": Question(
        title="Products recommended less often",
        needs=LISTED,
        each=PLACES,
        moved=f"{PLACES_MOVED} where move < 0",
        order="move, product_id",
        most=10,
    ),
    "forecasts": Question(
        title="Forecast revenue over the days that both forecast",
        needs={"marts.sales_forecasts": ("series_kind", "series", "forecast_date", "model", "forecast_revenue")},
        each="""
            select series_kind, series, forecast_date, max(model) as model, sum(forecast_revenue) as revenue
            from {side}.marts.sales_forecasts
            group by series_kind, series, forecast_date
            """,
        moved="""
            select series_kind, series, max(earlier.model) as model_before, max(later.model) as model_after,
                count(*) filter (earlier.revenue is not null and later.revenue is not null) as days_in_both,
                (sum(earlier.revenue) filter (later.revenue is not null))::double as before,
                (sum(later.revenue) filter (earlier.revenue is not null))::double as after,
                round(100 * (after - before) / nullif(before, 0), 1) as move_percent
            from earlier full join later using (series_kind, series, forecast_date)
            group by series_kind, series
            having before is distinct from after or days_in_both = 0
            """,
        order="abs(move_percent) desc nulls last, series_kind, series",
    ),
    "quarantine": Question(
        title="Rows in quarantine, by reason",
        needs={"ops.quarantine_summary": ("table_name", "source", "reasons", "quarantined_rows")},
        each="select table_name, source, reasons, quarantined_rows from {side}.ops.quarantine_summary",
        moved="""
            select table_name, source, reasons, coalesce(earlier.quarantined_rows, 0) as rows_before,
                coalesce(later.quarantined_rows, 0) as rows_after
            from earlier full join later using (table_name, source, reasons)
            where rows_before <> rows_after
            """,
        order="abs(rows_after - rows_before) desc, table_name, source, reasons",
    ),
}
