select
    nullif(trim(message_id), '') as message_id,
    nullif(trim(customer_id), '') as customer_id,
    sent_at,
    sent_date,
    nullif(trim(text), '') as text,
    nullif(split_part(replace(lower(trim(language)), '_', '-'), '-', 1), '') as language,
    nullif(trim(order_id), '') as order_id,
    coalesce(nullif(lower(trim(author)), ''), 'customer') as author,
    nullif(trim(intent), '') as intent,
    rating,
    _source,
    _load_id,
    _file,
    _row,
    _reasons
from input.messages
