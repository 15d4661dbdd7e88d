with events as (
    select
        nullif(trim(event_id), '') as event_id,
        nullif(lower(trim(event_type)), '') as event_type,
        event_at,
        event_date,
        nullif(trim(customer_id), '') as customer_id,
        nullif(trim(session_id), '') as session_id,
        nullif(lower(trim(contact_hash)), '') as contact_hash,
        nullif(trim(product_id), '') as product_id,
        nullif(trim(category_path), '') as category_path,
        quantity,
        price,
        nullif(upper(trim(currency)), '') as currency,
        nullif(trim(order_id), '') as order_id,
        nullif(lower(trim(channel)), '') as channel,
        nullif(trim(campaign_id), '') as campaign_id,
        nullif(lower(trim(device)), '') as device,
        nullif(trim(search_query), '') as search_query,
        nullif(trim(user_agent), '') as user_agent,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.events
),

contacts as (
    select
        contact_hash,
        min(customer_id) as customer_id
    from clean.customers
    where contact_hash is not null
    group by contact_hash
    having count(*) = 1
)

select
    events.event_id,
    events.event_type,
    events.event_at,
    events.event_date,
    coalesce(events.customer_id, orders.customer_id, contacts.customer_id) as customer_id,
    case
        when events.customer_id is not null then 'login'
        when orders.customer_id is not null then 'order'
        when contacts.customer_id is not null then 'contact'
    end as identified_by,
    events.session_id,
    coalesce(events.customer_id, orders.customer_id, contacts.customer_id, events.session_id) as visitor_id,
    events.contact_hash,
    events.product_id,
    events.category_path,
    events.quantity,
    case
        when events.currency is null or rates.rate = 1 then events.price
        else try_cast(cast(events.price as decimal(19, 4)) * rates.rate as decimal(18, 4))
    end as price,
    events.price as original_price,
    events.currency as original_currency,
    events.order_id,
    events.channel,
    events.campaign_id,
    events.device,
    events.search_query,
    events.user_agent,
    events._source,
    events._load_id,
    events._file,
    events._row,
    events._reasons
from events
left join input.exchange_rates as rates on events.currency = rates.currency
left join clean.orders as orders on events.order_id = orders.order_id
left join contacts on events.contact_hash = contacts.contact_hash
