with event_groups as (
    select
        event_date as metric_date,
        event_type,
        channel,
        device,
        original_currency,
        count(*) as rows,
        count(customer_id) as customers,
        count(product_id) as products
    from clean.events
    group by event_date, event_type, channel, device, original_currency
),

order_groups as (
    select
        ordered_date as metric_date,
        channel,
        country,
        original_currency,
        count(*) as rows,
        count(customer_id) as customers
    from clean.orders
    group by ordered_date, channel, country, original_currency
),

item_groups as (
    select
        ordered_date as metric_date,
        original_currency,
        count(*) as rows,
        sum(line_amount) as line_amount,
        sum(quantity) as quantity
    from clean.order_items
    group by ordered_date, original_currency
),

refund_groups as (
    select
        refunded_date as metric_date,
        original_currency,
        count(*) as rows,
        count(order_id) as orders,
        sum(amount) as amount
    from clean.refunds
    group by refunded_date, original_currency
),

message_groups as (
    select
        sent_date as metric_date,
        language,
        count(*) as rows,
        count(customer_id) as customers
    from clean.messages
    group by sent_date, language
),

spend_groups as (
    select
        spend_date as metric_date,
        channel,
        original_currency,
        count(*) as rows,
        count(campaign_id) as campaigns,
        count(clicks) as rows_with_clicks,
        sum(amount) as amount,
        sum(clicks) as clicks
    from clean.marketing_spend
    group by spend_date, channel, original_currency
),

market_groups as (
    select
        market_date as metric_date,
        indicator,
        count(*) as rows
    from clean.market
    group by market_date, indicator
),

measured as (
    select
        'clean.events' as table_name,
        measures.metric,
        measures.column_name,
        groups.metric_date,
        groups.rows,
        case measures.column_name
            when 'customer_id' then groups.customers
            when 'product_id' then groups.products
            when 'channel' then case when groups.channel is null then 0 else groups.rows end
        end as filled,
        cast(null as decimal(38, 4)) as total,
        case measures.column_name
            when 'event_type' then groups.event_type
            when 'channel' then groups.channel
            when 'device' then groups.device
            when 'original_currency' then groups.original_currency
        end as word
    from event_groups as groups
    cross join (
        values
            ('rows', ''),
            ('null_share', 'customer_id'),
            ('null_share', 'product_id'),
            ('null_share', 'channel'),
            ('new_values', 'event_type'),
            ('new_values', 'channel'),
            ('new_values', 'device'),
            ('new_values', 'original_currency')
    ) as measures (metric, column_name)

    union all

    select
        'clean.orders' as table_name,
        measures.metric,
        measures.column_name,
        groups.metric_date,
        groups.rows,
        case measures.column_name
            when 'customer_id' then groups.customers
            when 'channel' then case when groups.channel is null then 0 else groups.rows end
            when 'country' then case when groups.country is null then 0 else groups.rows end
        end as filled,
        cast(null as decimal(38, 4)) as total,
        case measures.column_name
            when 'channel' then groups.channel
            when 'country' then groups.country
            when 'original_currency' then groups.original_currency
        end as word
    from order_groups as groups
    cross join (
        values
            ('rows', ''),
            ('null_share', 'customer_id'),
            ('null_share', 'channel'),
            ('null_share', 'country'),
            ('new_values', 'channel'),
            ('new_values', 'country'),
            ('new_values', 'original_currency')
    ) as measures (metric, column_name)

    union all

    select
        'clean.order_items' as table_name,
        measures.metric,
        measures.column_name,
        groups.metric_date,
        groups.rows,
        groups.rows as filled,
        case measures.column_name
            when 'line_amount' then cast(groups.line_amount as decimal(38, 4))
            when 'quantity' then cast(groups.quantity as decimal(38, 4))
        end as total,
        groups.original_currency as word
    from item_groups as groups
    cross join (
        values
            ('rows', ''),
            ('mean', 'line_amount'),
            ('mean', 'quantity'),
            ('new_values', 'original_currency')
    ) as measures (metric, column_name)

    union all

    select
        'clean.refunds' as table_name,
        measures.metric,
        measures.column_name,
        groups.metric_date,
        groups.rows,
        case measures.column_name when 'order_id' then groups.orders else groups.rows end as filled,
        cast(groups.amount as decimal(38, 4)) as total,
        groups.original_currency as word
    from refund_groups as groups
    cross join (
        values
            ('rows', ''),
            ('null_share', 'order_id'),
            ('mean', 'amount'),
            ('new_values', 'original_currency')
    ) as measures (metric, column_name)

    union all

    select
        'clean.messages' as table_name,
        measures.metric,
        measures.column_name,
        groups.metric_date,
        groups.rows,
        groups.customers as filled,
        cast(null as decimal(38, 4)) as total,
        groups.language as word
    from message_groups as groups
    cross join (
        values
            ('rows', ''),
            ('null_share', 'customer_id'),
            ('new_values', 'language')
    ) as measures (metric, column_name)

    union all

    select
        'clean.marketing_spend' as table_name,
        measures.metric,
        measures.column_name,
        groups.metric_date,
        groups.rows,
        case measures.column_name
            when 'campaign_id' then groups.campaigns
            when 'clicks' then groups.rows_with_clicks
            else groups.rows
        end as filled,
        case measures.column_name
            when 'amount' then cast(groups.amount as decimal(38, 4))
            when 'clicks' then cast(groups.clicks as decimal(38, 4))
        end as total,
        case measures.column_name
            when 'channel' then groups.channel
            when 'original_currency' then groups.original_currency
        end as word
    from spend_groups as groups
    cross join (
        values
            ('rows', ''),
            ('null_share', 'campaign_id'),
            ('null_share', 'clicks'),
            ('mean', 'amount'),
            ('mean', 'clicks'),
            ('new_values', 'channel'),
            ('new_values', 'original_currency')
    ) as measures (metric, column_name)

    union all

    select
        'clean.market' as table_name,
        measures.metric,
        measures.column_name,
        groups.metric_date,
        groups.rows,
        groups.rows as filled,
        cast(null as decimal(38, 4)) as total,
        groups.indicator as word
    from market_groups as groups
    cross join (
        values
            ('rows', ''),
            ('new_values', 'indicator')
    ) as measures (metric, column_name)
),

counted as (
    select
        measured.table_name,
        measured.metric,
        measured.column_name,
        measured.metric_date,
        sum(measured.rows) as rows,
        sum(measured.filled) as filled,
        sum(measured.total) as total
    from measured
    inner join features.days as days on measured.metric_date = days.calendar_date
    group by measured.table_name, measured.metric, measured.column_name, measured.metric_date
),

first_seen as (
    select
        table_name,
        column_name,
        word,
        min(metric_date) as metric_date
    from measured
    where metric = 'new_values' and word is not null
    group by table_name, column_name, word
),

news as (
    select
        table_name,
        column_name,
        metric_date,
        count(*) as words,
        string_agg(word, ', ' order by word) as detail
    from first_seen
    group by table_name, column_name, metric_date
),

spans as (
    select
        table_name,
        min(metric_date) as first_date,
        max(metric_date) as last_date
    from counted
    where metric = 'rows'
    group by table_name
),

beginnings as (
    select
        table_name,
        column_name,
        min(metric_date) as first_date
    from first_seen
    group by table_name, column_name
),

figures as (
    select
        spans.table_name,
        'rows' as metric,
        '' as column_name,
        days.calendar_date as metric_date,
        cast(coalesce(counted.rows, 0) as double) as value,
        cast(null as varchar) as detail
    from spans
    inner join features.days as days on days.calendar_date between spans.first_date and spans.last_date
    left join counted
        on spans.table_name = counted.table_name
        and counted.metric = 'rows'
        and days.calendar_date = counted.metric_date

    union all

    select
        table_name,
        metric,
        column_name,
        metric_date,
        case metric
            when 'null_share' then cast(rows - filled as double) / cast(rows as double)
            else cast(total as double) / cast(nullif(filled, 0) as double)
        end as value,
        cast(null as varchar) as detail
    from counted
    where metric in ('null_share', 'mean')

    union all

    select
        beginnings.table_name,
        'new_values' as metric,
        beginnings.column_name,
        days.calendar_date as metric_date,
        cast(coalesce(news.words, 0) as double) as value,
        left(news.detail, 160) as detail
    from beginnings
    inner join spans on beginnings.table_name = spans.table_name
    inner join features.days as days
        on days.calendar_date <= spans.last_date
        and date_diff('day', cast(beginnings.first_date as date), cast(days.calendar_date as date)) >= 28
    left join news
        on beginnings.table_name = news.table_name
        and beginnings.column_name = news.column_name
        and days.calendar_date = news.metric_date
)

select
    table_name,
    metric,
    column_name,
    metric_date,
    date_diff('day', date '1900-01-01', cast(metric_date as date)) % 7 + 1 as weekday,
    value,
    detail
from figures
where value is not null
