with masked as (
    select
        message_id,
        'email' as kind,
        masked_email as items
    from models.message_predictions

    union all

    select
        message_id,
        'card' as kind,
        masked_card as items
    from models.message_predictions

    union all

    select
        message_id,
        'id' as kind,
        masked_id as items
    from models.message_predictions

    union all

    select
        message_id,
        'phone' as kind,
        masked_phone as items
    from models.message_predictions

    union all

    select
        message_id,
        'address' as kind,
        masked_address as items
    from models.message_predictions

    union all

    select
        message_id,
        'name' as kind,
        masked_name as items
    from models.message_predictions
)

select
    messages.sent_date,
    masked.kind,
    count(*) as messages,
    cast(sum(masked.items) as bigint) as items
from masked
inner join clean.messages as messages on masked.message_id = messages.message_id
where masked.items > 0
group by messages.sent_date, masked.kind
