-- What the sqlite3 trace runs, in a memory database.
create table customer(id integer primary key, name text, city integer);
create table sale(id integer primary key, customer integer, amount integer, note text);
insert into customer
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
  select i, printf('customer %06d', i * 7919 % 20011), i * 31 % 307 from n;
insert into sale
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)
  select i, i * 7919 % 20000 + 1, i * 104729 % 9973, hex(i * 15485863) from n;
create index sale_customer on sale(customer);
create index customer_city on customer(city);
select city, count(*), sum(amount) from customer join sale on sale.customer = customer.id
  group by city order by 3 desc limit 5;
select name, (select max(note) from sale where customer = customer.id) from customer
  where city = 17 order by name limit 5;
