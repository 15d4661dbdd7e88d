select
    experiment_id,
    treatment,
    segment,
    customers,
    lift,
    lower,
    upper
from models.experiment_segments
