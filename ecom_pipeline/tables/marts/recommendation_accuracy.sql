select
    model,
    target,
    segment,
    metric,
    k,
    customers,
    value,
    lower,
    upper,
    is_baseline,
    cut_off_date
from models.recommendation_evaluation
