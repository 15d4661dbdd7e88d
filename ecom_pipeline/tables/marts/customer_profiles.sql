with favourites as (
    select
        customer_id,
        max(case when kind = 'category' then tag end) as favourite_category,
        max(case when kind = 'brand' then tag end) as favourite_brand,
        max(case when kind = 'price_band' then tag end) as favourite_price_band,
        max(case when kind = 'channel' then tag end) as preferred_channel
    from marts.customer_tags
    where rank = 1
    group by customer_id
)

select
    customers.customer_id,
    customers.as_of_date,
    case
        when rfm.customer_id is null then 'browser'
        when date_diff('day', cast(customers.first_order_date as date), cast(customers.as_of_date as date)) < 30
            then 'new'
        when rfm.recency_score = 1 then 'churned'
        when rfm.recency_score = 2 and (rfm.frequency_score >= 3 or rfm.monetary_score >= 3) then 'at_risk'
        when rfm.recency_score >= 3 and rfm.frequency_score >= 4 and rfm.monetary_score >= 4 then 'high_value'
        when rfm.recency_score >= 3 and (rfm.frequency_score >= 3 or rfm.monetary_score >= 3) then 'potential'
        else 'regular'
    end as segment,
    'rfm rules' as segment_source,
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
    favourites.favourite_category,
    favourites.favourite_brand,
    favourites.favourite_price_band,
    favourites.preferred_channel,
    behaviour.component_1,
    behaviour.component_2,
    registered.country,
    registered.language,
    registered.registered_date,
    registered.acquisition_channel,
    coalesce(registered.is_opted_out, false) as is_opted_out
from features.customers as customers
left join features.rfm as rfm on customers.customer_id = rfm.customer_id
left join favourites on customers.customer_id = favourites.customer_id
left join models.behaviour_map as behaviour on customers.customer_id = behaviour.customer_id
left join clean.customers as registered on customers.customer_id = registered.customer_id
