with weighted as (
    select
        customer_id,
        product_id,
        sum(
            interactions
            * case event_type when 'purchase' then 5 when 'cart' then 3 when 'favourite' then 2 else 1 end
        ) as weight,
        max(interaction_date) as last_seen_date
    from features.interactions
    group by customer_id, product_id
),

described as (
    select
        weighted.customer_id,
        weighted.weight,
        weighted.last_seen_date,
        products.category,
        products.brand,
        products.price_band
    from weighted
    inner join features.products as products on weighted.product_id = products.product_id
),

clocked as (
    select
        customer_id,
        ordered_date,
        case
            when ordered_hour between 6 and 11 then 'morning'
            when ordered_hour between 12 and 17 then 'afternoon'
            when ordered_hour between 18 and 22 then 'evening'
            else 'night'
        end as time_of_day,
        count(*) over () as orders,
        count(case when ordered_hour = 0 then 1 end) over () as midnights
    from clean.orders
    where customer_id is not null and status <> 'cancelled' and ordered_hour is not null
),

served as (
    select
        customer_id,
        case when is_complaint then 'complaint' else 'question' end as service,
        message_id
    from models.message_predictions
    where customer_id is not null
),

tagged as (
    select
        customer_id,
        'category' as kind,
        category as tag,
        'features.interactions' as source_table,
        weight,
        last_seen_date
    from described
    where category <> 'unknown'

    union all

    select
        customer_id,
        'brand' as kind,
        brand as tag,
        'features.interactions' as source_table,
        weight,
        last_seen_date
    from described
    where brand is not null

    union all

    select
        customer_id,
        'price_band' as kind,
        price_band as tag,
        'features.interactions' as source_table,
        weight,
        last_seen_date
    from described
    where price_band is not null

    union all

    select
        customer_id,
        'channel' as kind,
        channel as tag,
        'features.sessions' as source_table,
        1 as weight,
        session_date as last_seen_date
    from features.sessions
    where customer_id is not null and channel is not null and not is_bot

    union all

    select
        customer_id,
        'channel' as kind,
        channel as tag,
        'features.attribution' as source_table,
        1 as weight,
        ordered_date as last_seen_date
    from features.attribution
    where customer_id is not null and method = 'shop'

    union all

    select
        customer_id,
        'season' as kind,
        case
            when month(ordered_date) between 3 and 5 then 'march_to_may'
            when month(ordered_date) between 6 and 8 then 'june_to_august'
            when month(ordered_date) between 9 and 11 then 'september_to_november'
            else 'december_to_february'
        end as tag,
        'features.orders' as source_table,
        1 as weight,
        ordered_date as last_seen_date
    from features.orders
    where customer_id is not null

    union all

    select
        customer_id,
        'time_of_day' as kind,
        time_of_day as tag,
        'clean.orders' as source_table,
        1 as weight,
        ordered_date as last_seen_date
    from clocked
    where midnights < orders

    union all

    select
        served.customer_id,
        'service' as kind,
        served.service as tag,
        'models.message_predictions' as source_table,
        1 as weight,
        messages.sent_date as last_seen_date
    from served
    inner join clean.messages as messages on served.message_id = messages.message_id

    union all

    select
        customer_id,
        'service' as kind,
        'refund' as tag,
        'features.customer_days' as source_table,
        1 as weight,
        activity_date as last_seen_date
    from features.customer_days
    where refunds > 0
),

summed as (
    select
        customer_id,
        kind,
        tag,
        max(source_table) as source_table,
        sum(weight) as weight,
        max(last_seen_date) as last_seen_date
    from tagged
    group by customer_id, kind, tag
),

ranked as (
    select
        *,
        sum(weight) over (partition by customer_id, kind) as whole_weight,
        row_number() over (partition by customer_id, kind order by weight desc, last_seen_date desc, tag) as rank
    from summed
)

select
    customer_id,
    kind,
    rank,
    tag,
    cast(weight as bigint) as weight,
    cast(weight as double) / cast(whole_weight as double) as strength,
    source_table,
    last_seen_date
from ranked
where rank <= 5
