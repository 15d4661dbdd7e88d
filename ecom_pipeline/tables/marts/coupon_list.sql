select
    experiment_id,
    treatment,
    customer_id,
    row_number() over (partition by experiment_id, treatment order by expected_gain desc, customer_id) as rank,
    expected_uplift,
    cast(margin_per_order as decimal(18, 2)) as margin_per_order,
    cast(cost as decimal(18, 2)) as cost,
    cast(expected_gain as decimal(18, 2)) as expected_gain,
    source,
    as_of_date
from models.coupon_candidates
