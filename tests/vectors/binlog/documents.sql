-- Documents of every type that the binary form knows, each in a row.
SET NAMES utf8mb4;
SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_BACKSLASH_ESCAPES', time_zone = '+00:00', cte_max_recursion_depth = 100000;
USE vectors;
INSERT INTO documents (document) VALUES
  (NULL), ('null'), ('true'), ('false'), ('0'), ('-1'), ('32767'), ('32768'), ('-32768'), ('-32769'), ('65535'), ('65536'),
  ('2147483647'), ('2147483648'), ('-2147483648'), ('-2147483649'), ('4294967295'), ('4294967296'), ('9223372036854775807'),
  ('-9223372036854775808'), ('9223372036854775808'), ('18446744073709551615'), ('18446744073709551616'), ('1.0'), ('-0.0'),
  ('""'), ('"x"'), ('[]'), ('{}'), ('[[[]], {"a": []}, {"": {}}]'),
  ('[1, 32768, 65536, 2147483648, 4294967296, 1.5, "s", null, true, false, [], {}]'),
  ('{"bb": 1, "a": 2, "": 3, "aaa": 4, "b": 5, "é": 6, "😀": 7, "B": 8}'),
  ('{"a\"b": "q\"\\ \/ \b\f\n\r\t \u0000 \u0001 \u001f \u007f \u00e9 😀 \u2028 </script>"}'),
  ('{"blanks , : in": "a , b : c", "quote \" , ": "\\"}');
INSERT INTO documents (document)
  SELECT JSON_OBJECT('decimal', CAST(1.50 AS DECIMAL(10, 2)), 'tiny', CAST(-0.05 AS DECIMAL(65, 30)), 'zero', CAST(0 AS DECIMAL(5, 3)),
    'nines', 99999999999999999999999999999999999.999999999999999999999999999999, 'unsigned', 18446744073709551615, 'double', 1e0);
INSERT INTO documents (document)
  SELECT JSON_OBJECT('date', CAST('2020-02-03' AS DATE), 'zero', CAST('0000-00-00' AS DATE), 'part', CAST('2020-00-00' AS DATE),
    'last', CAST('9999-12-31' AS DATE), 'datetime', CAST('2020-02-03 04:05:06.789' AS DATETIME(3)), 'whole', CAST('2020-02-03 04:05:06' AS DATETIME),
    'zero datetime', CAST('0000-00-00' AS DATETIME), 'timestamp', TIMESTAMP '2020-01-01 00:00:00.5');
INSERT INTO documents (document)
  SELECT JSON_ARRAY(CAST('-10:11:12' AS TIME), CAST('838:59:59' AS TIME), CAST('-838:59:59' AS TIME), CAST('00:00:00' AS TIME),
    CAST('-00:00:00.000001' AS TIME(6)), CAST('100:00:00.5' AS TIME(1)), CAST('-00:00:01.5' AS TIME(1)));
-- From columns, so that opaque values keep their column types.
CREATE TABLE opaque (b BIT(12), t TINYBLOB, l LONGBLOB, v VARBINARY(10), f BINARY(4), y YEAR, e ENUM('é'), s SET('q', 'r'), d FLOAT,
  ts TIMESTAMP(2) NULL);
INSERT INTO opaque VALUES (2748, 'abc', REPEAT(x'616263ff', 40), '', 'a', 2020, 'é', 'q,r', 1.1, '2020-01-01 00:00:00.25');
INSERT INTO documents (document) SELECT JSON_OBJECT('b', b, 't', t, 'l', l, 'v', v, 'f', f, 'y', y, 'e', e, 's', s, 'd', d, 'ts', ts) FROM opaque;
INSERT INTO documents (document) SELECT JSON_ARRAY(REPEAT('a', 57), CAST(REPEAT('a', 57) AS BINARY), CAST(REPEAT('b', 58) AS BINARY),
  CAST(REPEAT('c', 114) AS BINARY), x'ff', x'ffff', x'ffffff');
-- Doubles of every size.
INSERT INTO documents (document)
  WITH RECURSIVE n AS (SELECT -330 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 307)
  SELECT JSON_ARRAYAGG(CAST(CONCAT(IF(n % 2, '-', ''), 1 + RAND(n + 1000) * 8.9, 'e', n) AS DOUBLE)) FROM n;
INSERT INTO documents (document)
  WITH RECURSIVE n AS (SELECT -20 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 24)
  SELECT JSON_ARRAYAGG(JSON_ARRAY(CAST(CONCAT('1e', n) AS DOUBLE), CAST(CONCAT('1.5e', n) AS DOUBLE), CAST(CONCAT('123456.789e', n) AS DOUBLE),
    CAST(CONCAT('9.007199254740993e', n) AS DOUBLE))) FROM n;
-- The deepest, and the large form: an object and an array beyond 64 KB, with inlined values of four bytes.
INSERT INTO documents (document) VALUES (CONCAT(REPEAT('[', 99), '{}', REPEAT(']', 99))), (CONCAT(REPEAT('{"a":', 100), '1', REPEAT('}', 100)));
INSERT INTO documents (document) SELECT JSON_OBJECT('long', REPEAT('é', 33000), 'small', JSON_ARRAY(1, 70000, NULL), 'int', 70000, 'uint', 4000000000,
  'big', 5000000000, 'literal', TRUE);
INSERT INTO documents (document)
  WITH RECURSIVE n AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 1499)
  SELECT JSON_ARRAYAGG(JSON_ARRAY(n * n * 37, CONCAT('element ', n), JSON_OBJECT('n', n, 'half', n / 2, 'double', n * 1e0))) FROM n;
DROP TABLE opaque;
