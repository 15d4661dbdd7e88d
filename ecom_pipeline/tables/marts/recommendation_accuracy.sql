select
    model,
    metric,
    k,
    customers,
    value,
    is_baseline,
    cut_off_date
from models.recommendation_evaluation
