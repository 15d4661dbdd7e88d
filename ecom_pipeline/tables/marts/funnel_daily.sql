with parts as (
    select
        session_date as activity_date,
        1 as visits,
        case when views > 0 or carts > 0 or purchases > 0 then 1 else 0 end as visits_with_view,
        case when carts > 0 or purchases > 0 then 1 else 0 end as visits_with_cart,
        case when purchases > 0 then 1 else 0 end as visits_with_purchase,
        views,
        carts,
        0 as orders
    from features.sessions
    where not is_bot

    union all

    select
        ordered_date as activity_date,
        0 as visits,
        0 as visits_with_view,
        0 as visits_with_cart,
        0 as visits_with_purchase,
        0 as views,
        0 as carts,
        count(*) as orders
    from features.orders
    group by ordered_date
)

select
    activity_date,
    cast(sum(visits) as bigint) as visits,
    cast(sum(visits_with_view) as bigint) as visits_with_view,
    cast(sum(visits_with_cart) as bigint) as visits_with_cart,
    cast(sum(visits_with_purchase) as bigint) as visits_with_purchase,
    cast(sum(views) as bigint) as views,
    cast(sum(carts) as bigint) as carts,
    cast(sum(orders) as bigint) as orders
from parts
group by activity_date
