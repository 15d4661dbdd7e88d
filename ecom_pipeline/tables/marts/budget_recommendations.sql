select
    channel,
    cast(spend_per_day as decimal(18, 2)) as spend_per_day,
    return_on_spend,
    return_lower,
    return_upper,
    marginal_return,
    marginal_lower,
    marginal_upper,
    carry_over,
    follows_demand,
    has_evidence,
    cast(recommended_per_day as decimal(18, 2)) as recommended_per_day,
    test_days,
    sentence_en,
    sentence_zh,
    as_of_date
from models.channel_budget
