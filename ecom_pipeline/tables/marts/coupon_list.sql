select
    coupons.experiment_id,
    coupons.treatment,
    coupons.customer_id,
    row_number() over (
        partition by coupons.experiment_id, coupons.treatment
        order by coupons.expected_gain desc, coupons.customer_id
    ) as rank,
    coupons.expected_uplift,
    cast(coupons.margin_per_order as decimal(18, 2)) as margin_per_order,
    cast(coupons.cost as decimal(18, 2)) as cost,
    cast(coupons.expected_gain as decimal(18, 2)) as expected_gain,
    coupons.source,
    coupons.as_of_date
from models.coupon_candidates as coupons
inner join marts.customer_profiles as profiles on coupons.customer_id = profiles.customer_id
where not profiles.is_opted_out
