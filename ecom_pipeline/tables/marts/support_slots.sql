select
    message_id,
    customer_id,
    position,
    slot,
    value
from models.message_slots
