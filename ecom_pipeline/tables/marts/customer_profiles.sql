with favourites as (
    select
        customer_id,
        max(case when kind = 'category' then tag end) as favourite_category,
        max(case when kind = 'brand' then tag end) as favourite_brand,
        max(case when kind = 'price_band' then tag end) as favourite_price_band,
        max(case when kind = 'channel' then tag end) as preferred_channel,
        max(case when kind = 'season' then tag end) as preferred_season,
        max(case when kind = 'time_of_day' then tag end) as preferred_time_of_day
    from marts.customer_tags
    where rank = 1
    group by customer_id
),

carts as (
    select
        carts.customer_id,
        count(*) as products,
        sum(products.price) as value,
        max(carts.last_cart_date) as last_cart_date
    from features.open_carts as carts
    left join features.products as products on carts.product_id = products.product_id
    group by carts.customer_id
)

select
    customers.customer_id,
    coalesce(people.person_id, customers.customer_id) as person_id,
    coalesce(people.accounts, 1) as accounts,
    customers.as_of_date,
    coalesce(segments.segment, 'browser') as segment,
    rfm.recency_score,
    rfm.frequency_score,
    rfm.monetary_score,
    rfm.rfm_score,
    customers.first_seen_date,
    customers.first_order_date,
    customers.last_order_date,
    customers.recency_days,
    customers.tenure_days,
    customers.orders,
    cast(customers.units as decimal(18, 2)) as units,
    cast(customers.revenue as decimal(18, 2)) as revenue,
    cast(customers.refunds as decimal(18, 2)) as refunds,
    cast(customers.average_order_value as decimal(18, 2)) as average_order_value,
    customers.active_days,
    customers.sessions,
    customers.views,
    customers.carts,
    customers.favourites,
    customers.searches,
    customers.messages,
    customers.distinct_products,
    customers.distinct_categories,
    coalesce(carts.products, 0) as open_cart_products,
    try_cast(carts.value as decimal(18, 2)) as open_cart_value,
    carts.last_cart_date as open_cart_date,
    favourites.favourite_category,
    favourites.favourite_brand,
    favourites.favourite_price_band,
    favourites.preferred_channel,
    favourites.preferred_season,
    favourites.preferred_time_of_day,
    learned.learned_segment,
    learned.name_en as learned_segment_en,
    learned.name_zh as learned_segment_zh,
    behaviour.component_1,
    behaviour.component_2,
    propensity.buy_probability,
    propensity.source as buy_probability_source,
    cast(propensity.expected_value_30 as decimal(18, 2)) as expected_value_30,
    propensity.reasons_en,
    propensity.reasons_zh,
    lifetime.alive_probability,
    lifetime.expected_orders_365,
    cast(
        coalesce(propensity.expected_value_30 + lifetime.expected_value_later, lifetime.expected_value_365)
        as decimal(18, 2)
    ) as expected_value_365,
    lifetime.source as expected_value_source,
    registered.country,
    registered.language,
    registered.registered_date,
    registered.acquisition_channel,
    coalesce(people.is_opted_out, false) as is_opted_out
from features.customers as customers
left join features.segments as segments
    on customers.customer_id = segments.customer_id and customers.as_of_date = segments.cutoff_date
left join features.rfm as rfm on customers.customer_id = rfm.customer_id
left join carts on customers.customer_id = carts.customer_id
left join favourites on customers.customer_id = favourites.customer_id
left join models.purchase_propensity as propensity on customers.customer_id = propensity.customer_id
left join models.lifetime_values as lifetime on customers.customer_id = lifetime.customer_id
left join models.learned_segments as learned on customers.customer_id = learned.customer_id
left join models.behaviour_map as behaviour on customers.customer_id = behaviour.customer_id
left join features.people as people on customers.customer_id = people.customer_id
left join clean.customers as registered on customers.customer_id = registered.customer_id
