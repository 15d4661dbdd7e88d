with recursive contacts as (
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
        contact
    from counted
    where sharers between 2 and 5
),

neighbours as (
    select distinct
        one.customer_id,
        other.customer_id as neighbour_id
    from shared as one
    inner join shared as other on one.kind = other.kind and one.contact = other.contact
),

reached as (
    select distinct
        customer_id,
        customer_id as first_id
    from neighbours

    union all

    select
        customer_id,
        min(first_id) as first_id
    from (
        select
            case when ends.is_first then one.first_id else one.customer_id end as customer_id,
            further.first_id
        from neighbours
        inner join reached as one on neighbours.customer_id = one.customer_id
        inner join reached as other on neighbours.neighbour_id = other.customer_id
        inner join reached as further on other.first_id = further.customer_id
        cross join (values (true), (false)) as ends (is_first)
        qualify bool_or(one.first_id <> other.first_id) over ()
    )
    group by customer_id
),

linked as (
    select
        customer_id,
        min(first_id) as person_id
    from reached
    group by customer_id
),

by_email as (
    select distinct customer_id
    from shared
    where kind = 'email'
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
    case
        when by_email.customer_id is not null then 'email'
        when linked.customer_id is not null then 'phone'
    end as joined_by,
    common.customer_id is not null as is_contact_too_common,
    coalesce(max(cast(customers.is_opted_out as integer)) over (
        partition by coalesce(linked.person_id, customers.customer_id)
    ), 0) = 1 as is_opted_out
from clean.customers as customers
left join linked on customers.customer_id = linked.customer_id
left join by_email on customers.customer_id = by_email.customer_id
left join common on customers.customer_id = common.customer_id
