"""Given small inputs as literal rows, expect the rows that the SQL beside a contract makes of them."""
