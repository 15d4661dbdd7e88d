with spans as (
    select
        table_name,
        max(metric_date) as last_date
    from features.daily_metrics
    where metric = 'rows'
    group by table_name
),

recent as (
    select
        metrics.table_name,
        metrics.metric,
        metrics.column_name,
        metrics.metric_date,
        metrics.weekday,
        metrics.value,
        metrics.detail,
        metrics.metric_date < spans.last_date as is_over
    from features.daily_metrics as metrics
    inner join spans on metrics.table_name = spans.table_name
    cross join features.as_of as as_of
    where date_diff('day', cast(metrics.metric_date as date), cast(as_of.as_of_date as date)) < 7
),

history as (
    select
        recent.table_name,
        recent.metric,
        recent.column_name,
        recent.metric_date,
        recent.weekday,
        past.weekday as past_weekday,
        past.value as past_value
    from recent
    inner join features.daily_metrics as past
        on recent.table_name = past.table_name
        and recent.metric = past.metric
        and recent.column_name = past.column_name
        and date_diff('day', cast(past.metric_date as date), cast(recent.metric_date as date)) between 1 and 84
),

medians as (
    select
        table_name,
        metric,
        column_name,
        metric_date,
        past_weekday,
        median(past_value) as expected
    from history
    group by table_name, metric, column_name, metric_date, past_weekday
),

deviations as (
    select
        history.table_name,
        history.metric,
        history.column_name,
        history.metric_date,
        history.past_weekday = history.weekday as is_same_weekday,
        history.past_value,
        medians.expected,
        case history.metric
            when 'null_share' then abs(history.past_value - medians.expected)
            else abs(ln(history.past_value + 1) - ln(medians.expected + 1))
        end as deviation
    from history
    inner join medians
        on history.table_name = medians.table_name
        and history.metric = medians.metric
        and history.column_name = medians.column_name
        and history.metric_date = medians.metric_date
        and history.past_weekday = medians.past_weekday
),

spreads as (
    select
        table_name,
        metric,
        column_name,
        metric_date,
        max(case when is_same_weekday then expected end) as expected,
        count(case when is_same_weekday then 1 end) as same_weekdays,
        count(*) as days,
        min(past_value) as lowest,
        max(past_value) as highest,
        1.4826 * greatest(median(case when is_same_weekday then deviation end), median(deviation)) as spread
    from deviations
    group by table_name, metric, column_name, metric_date
),

reaches as (
    select
        recent.table_name,
        recent.metric,
        recent.column_name,
        recent.metric_date,
        recent.value,
        recent.detail,
        recent.is_over,
        spreads.expected,
        spreads.lowest,
        spreads.highest,
        case recent.metric when 'new_values' then spreads.days else spreads.same_weekdays end as history_days,
        case recent.metric
            when 'null_share' then greatest(4 * spreads.spread, 0.1)
            when 'rows' then least(greatest(4 * spreads.spread, 3 / sqrt(spreads.expected + 1), ln(1.1)), ln(1000000))
            else least(greatest(4 * spreads.spread, ln(1.1)), ln(1000000))
        end as reach
    from recent
    inner join spreads
        on recent.table_name = spreads.table_name
        and recent.metric = spreads.metric
        and recent.column_name = spreads.column_name
        and recent.metric_date = spreads.metric_date
    where spreads.same_weekdays >= 4
),

bands as (
    select
        table_name,
        metric,
        column_name,
        metric_date,
        value,
        detail,
        is_over,
        expected,
        history_days,
        case metric
            when 'null_share' then greatest(expected - reach, 0)
            when 'new_values' then 0
            when 'rows' then greatest((expected + 1) / exp(reach) - 1, least(lowest, 1))
            else greatest((expected + 1) / exp(reach) - 1, 0)
        end as lower,
        case metric
            when 'null_share' then least(expected + reach, 1)
            when 'new_values' then highest
            else (expected + 1) * exp(reach) - 1
        end as upper
    from reaches
),

arrivals as (
    select
        metrics.table_name,
        metrics.metric_date,
        lag(metrics.metric_date) over (partition by metrics.table_name order by metrics.metric_date) as previous_date,
        spans.last_date
    from features.daily_metrics as metrics
    inner join spans on metrics.table_name = spans.table_name
    where
        metrics.metric = 'rows'
        and metrics.value > 0
        and date_diff('day', cast(metrics.metric_date as date), cast(spans.last_date as date)) <= 84
),

gaps as (
    select
        table_name,
        last_date,
        date_diff('day', cast(previous_date as date), cast(metric_date as date)) as days
    from arrivals
    where previous_date is not null
),

lags as (
    select
        gaps.table_name,
        gaps.last_date,
        as_of.as_of_date,
        date_diff('day', cast(gaps.last_date as date), cast(as_of.as_of_date as date)) as days,
        median(gaps.days) - 1 as expected,
        max(gaps.days) as upper,
        count(*) as history_days
    from gaps
    cross join features.as_of as as_of
    group by gaps.table_name, gaps.last_date, as_of.as_of_date
),

judged as (
    select
        bands.table_name,
        bands.metric,
        bands.column_name,
        bands.metric_date,
        bands.value,
        bands.expected,
        bands.lower,
        bands.upper,
        bands.history_days,
        bands.detail
    from bands
    inner join bands as volume
        on bands.table_name = volume.table_name
        and volume.metric = 'rows'
        and bands.metric_date = volume.metric_date
    where bands.is_over or volume.value >= volume.lower

    union all

    select
        table_name,
        'lag_days' as metric,
        '' as column_name,
        as_of_date as metric_date,
        cast(days as double) as value,
        cast(expected as double) as expected,
        cast(0 as double) as lower,
        cast(upper as double) as upper,
        history_days,
        concat('last on ', cast(last_date as varchar)) as detail
    from lags
    where days <= 84 and history_days >= 4
),

rounded as (
    select
        table_name,
        metric,
        column_name,
        metric_date,
        round(value, 4) as value,
        round(expected, 4) as expected,
        round(lower, 4) as lower,
        round(upper, 4) as upper,
        history_days,
        detail
    from judged
)

select
    table_name,
    metric,
    column_name,
    metric_date,
    value,
    expected,
    lower,
    upper,
    history_days,
    value < lower or value > upper as is_anomaly,
    detail,
    concat(
        table_name,
        ' ',
        metric,
        case when column_name = '' then '' else concat(' of ', column_name) end,
        ' on ',
        cast(metric_date as varchar),
        ': ',
        replace(cast(cast(value as decimal(38, 2)) as varchar), '.00', ''),
        case when detail is null then '' else concat(' (', detail, ')') end,
        ', expected ',
        replace(cast(cast(lower as decimal(38, 2)) as varchar), '.00', ''),
        ' to ',
        replace(cast(cast(upper as decimal(38, 2)) as varchar), '.00', '')
    ) as finding
from rounded
