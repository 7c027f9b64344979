SET NAMES utf8mb4;
SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_BACKSLASH_ESCAPES', time_zone = '+00:00';
USE vectors;
UPDATE types SET vary = 'changed', normal = NULL WHERE id IN (4, 5);
UPDATE types SET id = 60 WHERE id = 6;
DELETE FROM types WHERE id = 3;
UPDATE more SET time_3 = '-00:00:00.5', set_9 = 'm4', document = JSON_SET(document, '$.c', 1.50) WHERE id = 4;
DELETE FROM more WHERE id = 5;
