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
        coalesce(is_opted_out, false) as is_opted_out,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.customers
)

select
    customers.customer_id,
    customers.name,
    customers.email,
    sha256(customers.email) as contact_hash,
    customers.phone,
    customers.address,
    customers.birth_year,
    customers.gender,
    customers.country,
    customers.city,
    customers.language,
    customers.registered_at,
    customers.registered_date,
    customers.acquisition_channel,
    customers.is_opted_out,
    customers._source,
    customers._load_id,
    customers._file,
    customers._row,
    customers._reasons
from customers
