#!/usr/bin/env bash
# Records how a real MySQL converts every code of its character sets to utf8mb4, as codes.tsv beside this file: character
# set; bytes before the last one; which last bytes make a character, 256 bits as hexadecimal digits, highest bit first;
# CRC-32 of these characters in order, in UTF-8.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mysql_sh=$here/../../services/mysql.sh
work=$(mktemp -d)
trap '"$mysql_sh" stop "$work/server" 2>/dev/null; rm -rf "$work"' EXIT

admin_options=''
eval "$("$mysql_sh" start "$work/server")"
sql() {
    "$mysql_sh" exec mysql --defaults-file="$admin_options" --default-character-set=utf8mb4 --batch --raw --skip-column-names
}

single=(armscii8 cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 dec8 geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1
    latin2 latin5 latin7 macce macroman tis620)
double=(gbk gb2312 gb18030 big5 cp932 sjis euckr ujis eucjpms)

# codes CHARSET PREFIXES: the rows of one character set; PREFIXES is a query of the bytes before the last one.
codes() {
    sql <<SQL
SET SESSION group_concat_max_len = 100000;
WITH RECURSIVE bytes AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM bytes WHERE n < 255),
    prefixes AS ($2),
    codes AS (SELECT prefix, n, CONVERT(CONVERT(UNHEX(CONCAT(prefix, LPAD(HEX(n), 2, '0'))) USING $1) USING utf8mb4) AS text
        FROM prefixes JOIN bytes),
    known AS (SELECT prefix, n, IF(CHAR_LENGTH(text) = 1 AND text <> '?', text, NULL) AS text FROM codes),
    digits AS (SELECT prefix, n DIV 4 AS place, HEX(SUM(IF(text IS NULL, 0, 8 >> (n % 4)))) AS digit FROM known GROUP BY prefix, place),
    bitmaps AS (SELECT prefix, GROUP_CONCAT(digit ORDER BY place SEPARATOR '') AS bitmap FROM digits GROUP BY prefix),
    sums AS (SELECT prefix, COUNT(text) AS found, CRC32(GROUP_CONCAT(text ORDER BY n SEPARATOR '')) AS crc FROM known GROUP BY prefix)
SELECT '$1', prefix, bitmap, crc FROM bitmaps JOIN sums USING (prefix) WHERE found > 0 ORDER BY prefix;
SQL
}

{
    for charset in "${single[@]}"; do
        codes "$charset" "SELECT '' AS prefix"
    done
    for charset in "${double[@]}"; do
        codes "$charset" "SELECT HEX(n) AS prefix FROM bytes WHERE n >= 128"
    done
    for charset in ujis eucjpms; do
        codes "$charset" "SELECT CONCAT('8F', HEX(n)) AS prefix FROM bytes WHERE n >= 161"
    done
} 2>"$work/warnings" >"$here/codes.tsv" || { cat "$work/warnings" >&2; exit 1; }
