SET NAMES utf8mb4;
CREATE DATABASE vectors;
USE vectors;
CREATE TABLE kinds (
  id INT NOT NULL PRIMARY KEY, u UUID, a4 INET4, a6 INET6, packed_char VARCHAR(100) COMPRESSED, packed_bytes VARBINARY(300) COMPRESSED,
  packed_text TEXT COMPRESSED, packed_blob BLOB COMPRESSED, doc LONGTEXT, c CHAR(3) CHARACTER SET latin1, d DECIMAL(30,2),
  e ENUM('a','é'), s SET('x','y'), t TIME(3), dt DATETIME(6), ts TIMESTAMP(6) NULL, y YEAR, bits BIT(5), flag BOOLEAN,
  big BIGINT UNSIGNED, medium MEDIUMINT, single FLOAT, twice DOUBLE, place POINT
) CHARACTER SET utf8mb4;
INSERT INTO kinds SELECT seq, IF(seq % 3, CONCAT('f81d4fae-7dec-11d0-a765-0000000000', HEX(16 + seq)), NULL), CONCAT(seq, '.0.', seq % 7, '.255'),
  CONCAT('2001:db8::', HEX(seq)), REPEAT('é', seq * 5 % 100), REPEAT(X'00FF', seq * 13 % 150), REPEAT('text', seq * 50 % 500),
  IF(seq % 9, REPEAT('b', seq * 90 % 700), NULL), JSON_OBJECT('n', seq, 'l', JSON_ARRAY(1, 'é')), 'é', -seq / 7 * 10000000000000,
  IF(seq % 2, 'a', 'é'), IF(seq % 4, 'x,y', ''), SEC_TO_TIME(-seq * 11111.125), '2001-02-03 04:05:06.789012' + INTERVAL seq HOUR,
  '2030-10-27 00:30:00.5' + INTERVAL seq MINUTE, 1901 + seq * 9, seq % 32, seq % 2, 18446744073709551615 - seq, -seq, seq / 3, -seq / 7,
  POINT(seq, -seq) FROM seq_1_to_20;
UPDATE kinds SET packed_text = REPEAT('new', 100), flag = NULL WHERE id % 4 = 0;
DELETE FROM kinds WHERE id % 5 = 0;
ALTER TABLE kinds ADD COLUMN more INT;
