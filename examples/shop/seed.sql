-- A small shop: seven tables, about 150,000 rows, the same on every run. Six tables have a key, of five kinds;
-- page_views has none, so MaxCompute keeps its history. specimens has a column of every type.

DROP DATABASE IF EXISTS shop;
CREATE DATABASE shop CHARACTER SET utf8mb4;
USE shop;
SET SESSION cte_max_recursion_depth = 1000000;
SET SESSION time_zone = '+00:00';

CREATE TABLE customers (
  id           BIGINT NOT NULL AUTO_INCREMENT,
  email        VARCHAR(120) NOT NULL,
  name         VARCHAR(80) NOT NULL,
  country      CHAR(2) NOT NULL,
  balance      DECIMAL(14,2) NOT NULL,
  score        FLOAT,
  visits       SMALLINT UNSIGNED NOT NULL,
  born         DATE,
  avatar       VARBINARY(64),
  created_at   TIMESTAMP(3) NOT NULL,
  updated_at   DATETIME(6),
  legacy_code  VARCHAR(12),
  PRIMARY KEY (id)
);

CREATE TABLE products (
  sku          VARCHAR(24) NOT NULL,
  title        VARCHAR(200) NOT NULL,
  description  TEXT,
  price        DECIMAL(10,2) NOT NULL,
  weight       DOUBLE,
  rating       TINYINT,
  barcode      BINARY(8) NOT NULL,
  picture      BLOB,
  listed_on    DATE NOT NULL,
  PRIMARY KEY (sku)
);

CREATE TABLE orders (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  customer_id  BIGINT NOT NULL,
  status       VARCHAR(16) NOT NULL,
  total        DECIMAL(20,6) NOT NULL,
  reference    BIGINT UNSIGNED NOT NULL,
  placed_at    DATETIME(3) NOT NULL,
  paid_at      TIMESTAMP NULL,
  remark       MEDIUMTEXT,
  PRIMARY KEY (id),
  KEY (customer_id)
);

CREATE TABLE order_items (
  order_id     BIGINT UNSIGNED NOT NULL,
  line         TINYINT UNSIGNED NOT NULL,
  sku          VARCHAR(24) NOT NULL,
  quantity     MEDIUMINT NOT NULL,
  unit_price   DECIMAL(10,2) NOT NULL,
  discount     FLOAT NOT NULL,
  PRIMARY KEY (order_id, line)
);

CREATE TABLE stock (
  warehouse    INT UNSIGNED NOT NULL,
  sku          CHAR(24) NOT NULL,
  level        INT NOT NULL,
  reserved     MEDIUMINT UNSIGNED NOT NULL,
  counted_at   DATETIME,
  PRIMARY KEY (warehouse, sku)
);

-- id names a row, version grows by one with each update of it: so a reader can tell the versions of a row apart.
CREATE TABLE page_views (
  id           BIGINT NOT NULL,
  version      INT NOT NULL,
  customer_id  INT UNSIGNED,
  url          VARCHAR(255) NOT NULL,
  seconds      DOUBLE NOT NULL,
  viewed_at    DATETIME(3) NOT NULL,
  KEY (id)
);

CREATE TABLE specimens (
  id           INT UNSIGNED NOT NULL AUTO_INCREMENT,
  t_tiny       TINYINT,            t_tiny_u     TINYINT UNSIGNED,
  t_small      SMALLINT,           t_small_u    SMALLINT UNSIGNED,
  t_medium     MEDIUMINT,          t_medium_u   MEDIUMINT UNSIGNED,
  t_int        INT,                t_int_u      INT UNSIGNED,
  t_big        BIGINT,             t_big_u      BIGINT UNSIGNED,
  t_bool       BOOLEAN,            t_bit        BIT(1),
  t_bits       BIT(40),            t_decimal    DECIMAL(38,18),
  t_huge       DECIMAL(65,30),     t_float      FLOAT,
  t_float_p    FLOAT(7,3),         t_double     DOUBLE,
  t_date       DATE,               t_year       YEAR,
  t_time       TIME,               t_time6      TIME(6),
  t_datetime   DATETIME,           t_datetime6  DATETIME(6),
  t_stamp      TIMESTAMP NULL,     t_stamp6     TIMESTAMP(6) NULL,
  t_char       CHAR(10),           t_varchar    VARCHAR(100),
  t_latin1     VARCHAR(20) CHARACTER SET latin1,
  t_gbk        VARCHAR(20) CHARACTER SET gbk,
  t_utf16      VARCHAR(20) CHARACTER SET utf16,
  t_tinytext   TINYTEXT,           t_text       TEXT,
  t_mediumtext MEDIUMTEXT,         t_longtext   LONGTEXT,
  t_binary     BINARY(6),          t_varbinary  VARBINARY(20),
  t_blob       BLOB,               t_longblob   LONGBLOB,
  t_enum       ENUM('small', 'medium', 'it''s large', ''),
  t_set        SET('red', 'green', 'blue'),
  t_json       JSON,
  PRIMARY KEY (id)
);

INSERT INTO customers (email, name, country, balance, score, visits, born, avatar, created_at, updated_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
SELECT CONCAT('customer', i, '@example.org'),
       CONCAT(ELT(1 + i % 6, 'Ada', 'José', 'Søren', 'Łucja', '小明', 'O''Hara'), ' ', HEX(CRC32(i))),
       ELT(1 + i % 5, 'DE', 'CN', 'US', 'BR', 'IN'),
       (CAST(CRC32(i) AS SIGNED) - 2147483648) / 100,
       IF(i % 11 = 0, NULL, CRC32(i) / 7e0),
       i % 65536,
       IF(i % 13 = 0, NULL, DATE '1930-01-01' + INTERVAL (i % 30000) DAY),
       IF(i % 17 = 0, NULL, UNHEX(SHA2(i, 256))),
       TIMESTAMP '2020-01-01 00:00:00.000' + INTERVAL (i * 7919001) MICROSECOND,
       IF(i % 3 = 0, NULL, TIMESTAMP '2024-06-30 12:00:00.000000' + INTERVAL (i * 104729) MICROSECOND)
FROM n;

INSERT INTO products
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
SELECT CONCAT('SKU-', LPAD(i, 6, '0')),
       CONCAT(ELT(1 + i % 4, 'Lamp', 'Chaise', 'Schlüssel', '茶杯'), ' no. ', i),
       IF(i % 10 = 0, NULL, REPEAT(CONCAT('Line ', i, ', "quoted", tab\t, newline\n'), 1 + i % 20)),
       (i * 37 % 100000) / 100,
       IF(i % 9 = 0, NULL, i / 3e0),
       i % 256 - 128,
       -- Ends with zero bytes, which the binary log leaves out.
       UNHEX(CONCAT(LPAD(HEX(i), 12, '0'), '0000')),
       IF(i % 4 = 0, NULL, REPEAT(UNHEX(LEFT(SHA2(i, 256), 32)), i % 64)),
       DATE '2015-01-01' + INTERVAL (i % 3000) DAY
FROM n;

INSERT INTO orders (customer_id, status, total, reference, placed_at, paid_at, remark)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
SELECT 1 + CRC32(i) % 20000,
       ELT(1 + i % 4, 'new', 'paid', 'shipped', 'cancelled'),
       (i * 1000003 % 100000000) / 1000000,
       18446744073709551615 - CRC32(i),
       TIMESTAMP '2023-01-01 00:00:00.000' + INTERVAL (i * 3607003) MICROSECOND,
       IF(i % 4 = 0, NULL, TIMESTAMP '2023-01-02 00:00:00' + INTERVAL (i * 3607) SECOND),
       IF(i % 5 = 0, REPEAT('€', i % 300), NULL)
FROM n;

INSERT INTO order_items
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
SELECT orders.i, numbers.i, CONCAT('SKU-', LPAD(1 + CRC32(orders.i * 7 + numbers.i) % 2000, 6, '0')),
       1 + (orders.i + numbers.i) % 9, (CRC32(orders.i) % 100000) / 100, (orders.i % 7) / 10
FROM n AS orders JOIN (SELECT 1 AS i UNION ALL SELECT 2 UNION ALL SELECT 3) AS numbers ON numbers.i <= 1 + orders.i % 5;

INSERT INTO stock
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
SELECT warehouses.i, CONCAT('SKU-', LPAD(n.i, 6, '0')), CAST(CRC32(n.i) % 20001 AS SIGNED) - 10000, n.i % 16777216,
       IF(n.i % 8 = 0, NULL, TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n.i MINUTE)
FROM n JOIN (SELECT 1 AS i UNION ALL SELECT 4294967295) AS warehouses;

INSERT INTO page_views
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
SELECT i, 1, IF(i % 3 = 0, NULL, 1 + i % 20000), CONCAT('/', ELT(1 + i % 3, 'home', 'cart', 'suche?q=grün'), '/', i),
       CRC32(i) / 1e6, TIMESTAMP '2024-07-01 00:00:00.000' + INTERVAL (i * 1009) * 1000 MICROSECOND
FROM n;

-- Extremes, nothing at all, and what lies between.
INSERT INTO specimens VALUES
  (1, -128, 0, -32768, 0, -8388608, 0, -2147483648, 0, -9223372036854775807, 0, FALSE, b'0', b'0',
   -99999999999999999999.999999999999999999, -99999999999999999999999999999999999.999999999999999999999999999999,
   -3.402823466e38, -9999.999, -1.7976931348623157e308, '0001-01-01', 1901, '-838:59:59', '-838:59:58.999999',
   '0001-01-01 00:00:00', '0001-01-01 00:00:00.000001', '1970-01-01 00:00:01', '1970-01-01 00:00:01.000001',
   '', '', '', '', '', '', '', '', '', '', '', '', '', 'small', '', '{}'),
  (2, 127, 255, 32767, 65535, 8388607, 16777215, 2147483647, 4294967295, 9223372036854775807, 18446744073709551615, TRUE,
   b'1', b'1111111111111111111111111111111111111111',
   99999999999999999999.999999999999999999, 99999999999999999999999999999999999.999999999999999999999999999999,
   3.402823466e38, 9999.999, 1.7976931348623157e308, '9999-12-31', 2155, '838:59:59', '838:59:58.999999',
   '9999-12-31 23:59:59', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07', '2038-01-19 03:14:07.999999',
   '0123456789', REPEAT('€', 100), 'Ünïcödé €', '中文文本', '𝄞 key', REPEAT('t', 255), 'x\0y', REPEAT('中', 10000),
   REPEAT('l', 100000), x'FF00FF00FF00', x'00FF', x'00', REPEAT(x'DEADBEEF', 1000), 'it''s large', 'red,green,blue',
   '{"b": [1, -2, 1.5, 1e100, true, null], "a": {"é": "\\"\\u0001", "": 18446744073709551615}, "long": "中文"}'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL);
INSERT INTO specimens
WITH RECURSIVE n (i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
SELECT i, i - 100, i, -i * 150, i * 300, -i * 40000, i * 80000, -i * 10000000, i * 20000000, -i * CAST(1e16 AS SIGNED),
       i * CAST(9e16 AS UNSIGNED), i % 2, i % 2, i * 1000003, i / 7, i / 9, i / 3e0, i / 8, i / 11e0,
       DATE '1582-10-01' + INTERVAL i DAY, IF(i = 4, 0, 1900 + i), SEC_TO_TIME(i * 977 - 90000),
       TIME '00:00:00' - INTERVAL (i * 12345677) MICROSECOND, TIMESTAMP '1900-01-01 00:00:00' + INTERVAL i MONTH,
       TIMESTAMP '1900-01-01 00:00:00' + INTERVAL (i * 3333333333) MICROSECOND,
       TIMESTAMP '1990-03-25 01:59:59' + INTERVAL i DAY, TIMESTAMP '1990-03-25 01:59:59' + INTERVAL (i * 777777) MICROSECOND,
       CONCAT(i, ' '), CONCAT('v', i), CONCAT('é', i), CONCAT('汉', i), CONCAT('🚲', i), HEX(i), CONCAT('t\t', i), NULL,
       REPEAT('-', i), UNHEX(LPAD(HEX(i), 8, '0')), UNHEX(HEX(i * 65536)), UNHEX(SHA2(i, 224)), NULL, 1 + i % 4, i % 8,
       JSON_OBJECT('i', i, 'd', CAST(i AS DECIMAL(10, 3)) / 8, 'when', TIMESTAMP '2024-01-01 00:00:00' + INTERVAL i SECOND,
                   'list', JSON_ARRAY(i, CONCAT('s', i), NULL, i % 2 = 0, i / 3e0))
FROM n;
