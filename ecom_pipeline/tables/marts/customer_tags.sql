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
    cast(weight as double) / cast(whole_weight as double) as strength,
    source_table,
    last_seen_date
from ranked
where rank <= 5
