with customers as (
    select
        nullif(trim(customer_id), '') as customer_id,
        nullif(trim(name), '') as name,
        case when email not like '%*%' then nullif(lower(trim(email)), '') end as email,
        case
            when not regexp_matches(phone, '[*xX#•]{2}') then nullif(regexp_replace(phone, '[^0-9+]', '', 'g'), '')
        end as phone,
        nullif(trim(address), '') as address,
        birth_year,
        nullif(lower(trim(gender)), '') as gender,
        nullif(trim(country), '') as country,
        nullif(trim(city), '') as city,
        nullif(split_part(replace(lower(trim(language)), '_', '-'), '-', 1), '') as language,
        registered_at,
        registered_date,
        nullif(lower(trim(acquisition_channel)), '') as acquisition_channel,
        is_opted_out,
        _source,
        _load_id,
        _file,
        _row,
        _reasons,
        _reasons is null and row_number() over (
            partition by nullif(trim(customer_id), ''), _source
            order by _reasons is not null, _load_id desc, _row desc
        ) = 1 as is_last
    from input.customers
),

told as (
    select
        customer_id,
        arg_max(name, _load_id) as name,
        arg_max(email, _load_id) as email,
        arg_max(phone, _load_id) as phone,
        arg_max(address, _load_id) as address,
        arg_max(birth_year, _load_id) as birth_year,
        arg_max(gender, _load_id) as gender,
        arg_max(country, _load_id) as country,
        arg_max(city, _load_id) as city,
        arg_max(language, _load_id) as language,
        arg_max(registered_at, _load_id) as registered_at,
        arg_max(registered_date, _load_id) as registered_date,
        arg_max(acquisition_channel, _load_id) as acquisition_channel,
        bool_or(is_opted_out) as is_opted_out
    from customers
    where is_last
    group by customer_id
)

select
    customers.customer_id,
    coalesce(customers.name, told.name) as name,
    coalesce(customers.email, told.email) as email,
    sha256(coalesce(customers.email, told.email)) as contact_hash,
    coalesce(customers.phone, told.phone) as phone,
    coalesce(customers.address, told.address) as address,
    coalesce(customers.birth_year, told.birth_year) as birth_year,
    coalesce(customers.gender, told.gender) as gender,
    coalesce(customers.country, told.country) as country,
    coalesce(customers.city, told.city) as city,
    coalesce(customers.language, told.language) as language,
    coalesce(customers.registered_at, told.registered_at) as registered_at,
    coalesce(customers.registered_date, told.registered_date) as registered_date,
    coalesce(customers.acquisition_channel, told.acquisition_channel) as acquisition_channel,
    coalesce(customers.is_opted_out, false) or coalesce(told.is_opted_out, false) as is_opted_out,
    customers._source,
    customers._load_id,
    customers._file,
    customers._row,
    customers._reasons
from customers
left join told on customers.is_last and customers.customer_id = told.customer_id
