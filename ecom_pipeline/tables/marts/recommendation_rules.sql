select
    shelf,
    outcome,
    is_filtered,
    candidates,
    cast(candidates as double) / nullif(cast(sum(candidates) over (partition by shelf) as double), 0)
        as share_of_candidates,
    customers,
    as_of_date
from models.recommendation_rules
