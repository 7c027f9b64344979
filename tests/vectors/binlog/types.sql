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
