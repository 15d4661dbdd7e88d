with visitors as (
    select
        'visitor' as kind,
        count(*) as identities,
        count(case when identified_by = 'login' then 1 end) as joined_by_login,
        count(case when identified_by = 'order' then 1 end) as joined_by_order,
        count(case when identified_by = 'contact' then 1 end) as joined_by_contact,
        count(case when is_shared then 1 end) as shared,
        count(case when customer_id is null then 1 end) as people
    from features.session_owners
    having count(*) > 0
),

accounts as (
    select
        'customer' as kind,
        count(*) as identities,
        cast(0 as bigint) as joined_by_login,
        cast(0 as bigint) as joined_by_order,
        count(case when people.joined_by is not null then 1 end) as joined_by_contact,
        count(case when people.is_contact_too_common then 1 end) as shared,
        count(distinct coalesce(people.person_id, customers.customer_id)) as people
    from features.customers as customers
    left join features.people as people on customers.customer_id = people.customer_id
    having count(*) > 0
)

select * from visitors
union all
select * from accounts
