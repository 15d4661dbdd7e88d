with contacts as (
    select
        customer_id,
        'email' as kind,
        contact_hash as contact
    from clean.customers
    where contact_hash is not null

    union all

    select
        customer_id,
        'phone' as kind,
        concat(phone, ' ', lower(name)) as contact
    from clean.customers
    where phone is not null and name is not null
),

counted as (
    select
        customer_id,
        kind,
        contact,
        count(*) over (partition by kind, contact) as sharers
    from contacts
),

shared as (
    select
        customer_id,
        kind,
        contact,
        min(customer_id) over (partition by kind, contact) as nearest_id
    from counted
    where sharers between 2 and 5
),

first_step as (
    select
        customer_id,
        kind,
        contact,
        min(nearest_id) over (partition by customer_id) as person_id
    from shared
),

second_reach as (
    select
        customer_id,
        kind,
        contact,
        min(person_id) over (partition by kind, contact) as nearest_id
    from first_step
),

second_step as (
    select
        customer_id,
        kind,
        contact,
        min(nearest_id) over (partition by customer_id) as person_id
    from second_reach
),

third_reach as (
    select
        customer_id,
        kind,
        min(person_id) over (partition by kind, contact) as nearest_id
    from second_step
),

linked as (
    select
        customer_id,
        min(nearest_id) as person_id,
        max(case when kind = 'email' then 1 else 0 end) as by_email
    from third_reach
    group by customer_id
),

common as (
    select distinct customer_id
    from counted
    where sharers > 5
)

select
    customers.customer_id,
    coalesce(linked.person_id, customers.customer_id) as person_id,
    count(*) over (partition by coalesce(linked.person_id, customers.customer_id)) as accounts,
    case when linked.by_email = 1 then 'email' when linked.by_email = 0 then 'phone' end as joined_by,
    common.customer_id is not null as is_contact_too_common
from clean.customers as customers
left join linked on customers.customer_id = linked.customer_id
left join common on customers.customer_id = common.customer_id
