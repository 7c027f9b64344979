SET NAMES utf8mb4;
SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_BACKSLASH_ESCAPES', time_zone = '+00:00';
CREATE DATABASE vectors;
USE vectors;
CREATE TABLE types (
  id INT NOT NULL,
  flag TINYINT(1), tiny TINYINT, tiny_u TINYINT UNSIGNED, small SMALLINT, small_u SMALLINT UNSIGNED,
  medium MEDIUMINT, medium_u MEDIUMINT UNSIGNED, normal INT, normal_u INT UNSIGNED, big BIGINT, big_u BIGINT UNSIGNED,
  zero_filled INT(6) ZEROFILL,
  single FLOAT, single_wide FLOAT(7,3), twice DOUBLE,
  dec_38 DECIMAL(38,10), dec_5 DECIMAL(5,2), dec_65 DECIMAL(65,30), dec_u DECIMAL(10,0) UNSIGNED, dec_frac DECIMAL(9,9),
  fix CHAR(10), fix_long CHAR(255), fix_latin CHAR(10) CHARACTER SET latin1, fix_bin CHAR(3) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  vary VARCHAR(50), vary_long VARCHAR(300) CHARACTER SET latin1, vary_ascii VARCHAR(20) CHARACTER SET ascii, vary_3 VARCHAR(20) CHARACTER SET utf8mb3,
  text_tiny TINYTEXT, text_normal TEXT, text_medium MEDIUMTEXT CHARACTER SET latin1, text_long LONGTEXT,
  bin_fix BINARY(4), bin_long BINARY(255), bin_vary VARBINARY(10), bin_vary_long VARBINARY(300),
  blob_tiny TINYBLOB, blob_normal BLOB, blob_medium MEDIUMBLOB, blob_long LONGBLOB,
  day DATE, moment DATETIME, moment_1 DATETIME(1), moment_3 DATETIME(3), moment_6 DATETIME(6),
  instant TIMESTAMP NULL, instant_2 TIMESTAMP(2) NULL, instant_4 TIMESTAMP(4) NULL, instant_6 TIMESTAMP(6) NULL,
  doubled INT AS (id * 2) STORED, computed VARCHAR(20) AS (CONCAT('v', id)) VIRTUAL, hidden INT DEFAULT 7 INVISIBLE,
  PRIMARY KEY (id)
) CHARACTER SET utf8mb4;
-- Types whose values take more than copying, and character sets. Members of `wide` are numbered in two bytes.
CREATE TABLE more (
  id INT NOT NULL,
  time_0 TIME, time_1 TIME(1), time_2 TIME(2), time_3 TIME(3), time_4 TIME(4), time_5 TIME(5), time_6 TIME(6), year YEAR,
  bit_1 BIT(1), bit_7 BIT(7), bit_8 BIT(8), bit_9 BIT(9), bit_33 BIT(33), bit_64 BIT(64),
  few ENUM('a', 'it''s', '', 'back\\slash', 'comma,', 'ü', 'A?') CHARACTER SET utf8mb3 COLLATE utf8mb3_bin,
  latin ENUM('é', '€') CHARACTER SET latin1, gb ENUM('你', '好') CHARACTER SET gbk,
  set_2 SET('x', 'ü'), set_9 SET('m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8'),
  set_17 SET(
    'm0','m1','m2','m3','m4','m5','m6','m7','m8','m9','m10','m11','m12','m13','m14','m15','m16'
  ),
  set_33 SET(
    'm0','m1','m2','m3','m4','m5','m6','m7','m8','m9','m10','m11','m12','m13','m14','m15','m16','m17','m18','m19','m20',
    'm21','m22','m23','m24','m25','m26','m27','m28','m29','m30','m31','m32'
  ),
  set_64 SET(
    'm0','m1','m2','m3','m4','m5','m6','m7','m8','m9','m10','m11','m12','m13','m14','m15','m16','m17','m18','m19','m20',
    'm21','m22','m23','m24','m25','m26','m27','m28','m29','m30','m31','m32','m33','m34','m35','m36','m37','m38','m39',
    'm40','m41','m42','m43','m44','m45','m46','m47','m48','m49','m50','m51','m52','m53','m54','m55','m56','m57','m58',
    'm59','m60','m61','m62','m63'
  ),
  document JSON, place GEOMETRY, point POINT SRID 4326, embedding VECTOR(3),
  text_gbk VARCHAR(20) CHARACTER SET gbk, text_gb18030 TEXT CHARACTER SET gb18030, text_big5 CHAR(20) CHARACTER SET big5,
  text_sjis VARCHAR(200) CHARACTER SET sjis, text_cp932 VARCHAR(20) CHARACTER SET cp932,
  text_euckr VARCHAR(20) CHARACTER SET euckr, text_ujis VARCHAR(20) CHARACTER SET ujis,
  text_eucjpms VARCHAR(20) CHARACTER SET eucjpms, text_utf16 CHAR(20) CHARACTER SET utf16,
  text_utf16le VARCHAR(20) CHARACTER SET utf16le, text_utf32 VARCHAR(100) CHARACTER SET utf32,
  text_ucs2 TINYTEXT CHARACTER SET ucs2, text_koi8r VARCHAR(20) CHARACTER SET koi8r,
  text_cp1251 VARCHAR(20) CHARACTER SET cp1251, text_greek VARCHAR(20) CHARACTER SET greek,
  text_hebrew VARCHAR(20) CHARACTER SET hebrew, text_tis620 VARCHAR(20) CHARACTER SET tis620,
  text_latin2 VARCHAR(20) CHARACTER SET latin2, text_latin5 VARCHAR(20) CHARACTER SET latin5,
  PRIMARY KEY (id)
) CHARACTER SET utf8mb4;
SET SESSION group_concat_max_len = 100000, cte_max_recursion_depth = 10000;
SET @members = (WITH RECURSIVE n AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 299)
  SELECT GROUP_CONCAT(QUOTE(CONCAT('w', n)) ORDER BY n) FROM n);
SET @alter = CONCAT('ALTER TABLE more ADD COLUMN wide ENUM(', @members, ')');
PREPARE alter_more FROM @alter;
EXECUTE alter_more;
CREATE TABLE documents (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, document JSON) CHARACTER SET utf8mb4;
