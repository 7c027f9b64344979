//! TABLE_MAP events: which table the row events of a statement are about, and the shape of their images.

use crate::binlog::cursor::{Cursor, Truncated};
use crate::server::Flavour;

/// Column type codes of the binlog.
pub mod code {
    #![allow(missing_docs, reason = "named as in MySQL's field_types.h")]
    pub const DECIMAL: u8 = 0;
    pub const TINY: u8 = 1;
    pub const SHORT: u8 = 2;
    pub const LONG: u8 = 3;
    pub const FLOAT: u8 = 4;
    pub const DOUBLE: u8 = 5;
    pub const TIMESTAMP: u8 = 7;
    pub const LONGLONG: u8 = 8;
    pub const INT24: u8 = 9;
    pub const DATE: u8 = 10;
    pub const TIME: u8 = 11;
    pub const DATETIME: u8 = 12;
    pub const YEAR: u8 = 13;
    pub const VARCHAR: u8 = 15;
    pub const BIT: u8 = 16;
    pub const TIMESTAMP2: u8 = 17;
    pub const DATETIME2: u8 = 18;
    pub const TIME2: u8 = 19;
    pub const BLOB_COMPRESSED: u8 = 140;
    pub const VARCHAR_COMPRESSED: u8 = 141;
    pub const VECTOR: u8 = 242;
    pub const JSON: u8 = 245;
    pub const NEWDECIMAL: u8 = 246;
    pub const ENUM: u8 = 247;
    pub const SET: u8 = 248;
    pub const BLOB: u8 = 252;
    pub const VAR_STRING: u8 = 253;
    pub const STRING: u8 = 254;
    pub const GEOMETRY: u8 = 255;
}

/// The shape of row images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMap {
    /// What row events call the table.
    pub table_id: u64,
    /// Database.
    pub database: String,
    /// Table.
    pub table: String,
    /// One for each column.
    pub columns: Vec<MappedColumn>,
    /// Indexes of the primary key's columns in key order, where there is one and `binlog_row_metadata=FULL`.
    pub key: Vec<usize>,
}

/// The shape of a column's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedColumn {
    /// See [`code`].
    pub code: u8,
    /// The type's own metadata: one or two bytes, low byte first.
    pub meta: u16,
    /// Whether it takes null.
    pub nullable: bool,
    /// Of text, an ENUM or a SET; 63 is binary. Not sent before 8.0.
    pub collation: Option<u64>,
    /// Whether a number is unsigned; not sent before 8.0.
    pub unsigned: Option<bool>,
    /// Sent with `binlog_row_metadata=FULL`.
    pub name: Option<String>,
    /// Of an ENUM or a SET, in the column's character set; sent with `binlog_row_metadata=FULL`.
    pub members: Option<Vec<Vec<u8>>>,
}

// === impl TableMap ===

impl TableMap {
    /// The head alone: table id, database and table.
    ///
    /// # Errors
    /// The body is too short, or a name is no UTF-8.
    pub fn names(body: &[u8]) -> Result<(u64, &str, &str), Truncated> {
        let mut cursor = Cursor::new(body);
        let (table_id, database, table) = head(&mut cursor)?;
        Ok((table_id, database, table))
    }

    /// Table id (6), flags (2), database and table each behind one length byte and before a zero, number of columns,
    /// a type code each, the metadata of all, a nullability bitmap, then optional metadata as type, length, value.
    ///
    /// # Errors
    /// The body is too short, or a name is no UTF-8.
    pub fn parse(body: &[u8]) -> Result<Self, Truncated> {
        Self::parse_of(body, Flavour::MySql)
    }

    /// The same as a server of this flavour writes it.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_of(body: &[u8], flavour: Flavour) -> Result<Self, Truncated> {
        let mut cursor = Cursor::new(body);
        let (table_id, database, table) = head(&mut cursor)?;
        let count = usize::try_from(cursor.length_encoded()?).map_err(|_| Truncated)?;
        let codes = cursor.take(count)?;
        let meta_len = usize::try_from(cursor.length_encoded()?).map_err(|_| Truncated)?;
        let mut metas = Cursor::new(cursor.take(meta_len)?);
        let mut columns = Vec::with_capacity(count);
        for code in codes {
            let meta = match *code {
                code::FLOAT
                | code::DOUBLE
                | code::BLOB
                | code::BLOB_COMPRESSED
                | code::JSON
                | code::GEOMETRY
                | code::VECTOR => u16::from(metas.u8()?),
                code::TIMESTAMP2 | code::DATETIME2 | code::TIME2 => u16::from(metas.u8()?),
                code::VARCHAR
                | code::VARCHAR_COMPRESSED
                | code::BIT
                | code::NEWDECIMAL
                | code::ENUM
                | code::SET
                | code::VAR_STRING
                | code::STRING => metas.u16()?,
                _ => 0,
            };
            let (nullable, collation, unsigned, name, members) = (true, None, None, None, None);
            columns.push(MappedColumn { code: *code, meta, nullable, collation, unsigned, name, members });
        }
        let nullable = cursor.take(count.div_ceil(8))?;
        for (index, column) in columns.iter_mut().enumerate() {
            column.nullable = nullable.get(index / 8).is_none_or(|byte| byte >> (index % 8) & 1 != 0);
        }
        let (database, table) = (database.to_owned(), table.to_owned());
        let mut map = Self { table_id, database, table, columns, key: Vec::new() };
        map.optional(cursor, flavour)?;
        Ok(map)
    }

    fn optional(&mut self, mut cursor: Cursor<'_>, flavour: Flavour) -> Result<(), Truncated> {
        const SIGNEDNESS: u8 = 1;
        const DEFAULT_CHARSET: u8 = 2;
        const COLUMN_CHARSET: u8 = 3;
        const COLUMN_NAME: u8 = 4;
        const SET_MEMBERS: u8 = 5;
        const ENUM_MEMBERS: u8 = 6;
        const KEY: u8 = 8;
        const KEY_WITH_PREFIXES: u8 = 9;
        const DEFAULT_CHARSET_OF_MEMBERS: u8 = 10;
        const CHARSET_OF_MEMBERS: u8 = 11;
        let texts = match flavour {
            Flavour::MySql => MappedColumn::is_text_in_mysql,
            Flavour::MariaDb => MappedColumn::is_text_in_mariadb,
        };
        while !cursor.is_empty() {
            let kind = cursor.u8()?;
            let len = usize::try_from(cursor.length_encoded()?).map_err(|_| Truncated)?;
            let mut value = Cursor::new(cursor.take(len)?);
            match kind {
                SIGNEDNESS => {
                    let numbers = self.columns.iter_mut().filter(|column| is_number(column.code));
                    for (index, column) in numbers.enumerate() {
                        let byte = value.rest().get(index / 8).ok_or(Truncated)?;
                        column.unsigned = Some(byte & (0x80 >> (index % 8)) != 0);
                    }
                }
                COLUMN_NAME => {
                    for column in &mut self.columns {
                        let len = usize::try_from(value.length_encoded()?).map_err(|_| Truncated)?;
                        let name = std::str::from_utf8(value.take(len)?).map_err(|_| Truncated)?;
                        column.name = Some(name.to_owned());
                    }
                }
                DEFAULT_CHARSET => self.default_collation(texts, &mut value),
                COLUMN_CHARSET => self.collations(texts, &mut value),
                DEFAULT_CHARSET_OF_MEMBERS => self.default_collation(MappedColumn::has_members, &mut value),
                CHARSET_OF_MEMBERS => self.collations(MappedColumn::has_members, &mut value),
                KEY | KEY_WITH_PREFIXES => {
                    while !value.is_empty() {
                        self.key.push(usize::try_from(value.length_encoded()?).map_err(|_| Truncated)?);
                        if kind == KEY_WITH_PREFIXES {
                            value.length_encoded()?;
                        }
                    }
                }
                SET_MEMBERS => self.members(code::SET, &mut value)?,
                ENUM_MEMBERS => self.members(code::ENUM, &mut value)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// One collation, and pairs of an index among the columns of this sort and its own. They only add to what is known: a
    /// server that counts otherwise has none.
    fn default_collation(&mut self, sort: fn(&MappedColumn) -> bool, value: &mut Cursor<'_>) {
        let count = self.columns.iter().filter(|column| sort(column)).count();
        let told = (|| {
            let mut told = vec![value.length_encoded()?; count];
            while !value.is_empty() {
                let index = usize::try_from(value.length_encoded()?).map_err(|_| Truncated)?;
                *told.get_mut(index).ok_or(Truncated)? = value.length_encoded()?;
            }
            Ok::<_, Truncated>(told)
        })();
        self.tell_collations(sort, told);
    }

    /// One collation for each column of this sort.
    fn collations(&mut self, sort: fn(&MappedColumn) -> bool, value: &mut Cursor<'_>) {
        let count = self.columns.iter().filter(|column| sort(column)).count();
        let told: Result<Vec<u64>, _> = (0..count).map(|_| value.length_encoded()).collect();
        self.tell_collations(sort, told.and_then(|told| value.is_empty().then_some(told).ok_or(Truncated)));
    }

    fn tell_collations(&mut self, sort: fn(&MappedColumn) -> bool, told: Result<Vec<u64>, Truncated>) {
        let columns = self.columns.iter_mut().filter(|column| sort(column));
        for (column, collation) in columns.zip(told.unwrap_or_default()) {
            column.collation = Some(collation);
        }
    }

    /// For each column of this type the number of its members, then the members, each behind its length.
    fn members(&mut self, real: u8, value: &mut Cursor<'_>) -> Result<(), Truncated> {
        let chosen = |column: &&mut MappedColumn| column.code == code::STRING && column.string().0 == real;
        for column in self.columns.iter_mut().filter(chosen) {
            let count = value.length_encoded()?;
            let members = (0..count).map(|_| {
                let len = usize::try_from(value.length_encoded()?).map_err(|_| Truncated)?;
                value.take(len).map(<[u8]>::to_vec)
            });
            column.members = Some(members.collect::<Result<_, _>>()?);
        }
        Ok(())
    }
}

fn head<'a>(cursor: &mut Cursor<'a>) -> Result<(u64, &'a str, &'a str), Truncated> {
    let table_id = cursor.uint(6)?;
    cursor.u16()?;
    let mut name = || {
        let name = cursor.prefixed(1)?;
        cursor.u8()?;
        std::str::from_utf8(name).map_err(|_| Truncated)
    };
    Ok((table_id, name()?, name()?))
}

/// Types that have a bit in the signedness list.
fn is_number(code: u8) -> bool {
    matches!(
        code,
        code::DECIMAL
            | code::TINY
            | code::SHORT
            | code::INT24
            | code::LONG
            | code::LONGLONG
            | code::NEWDECIMAL
            | code::FLOAT
            | code::DOUBLE
            | code::YEAR
    )
}

// === impl MappedColumn ===

impl MappedColumn {
    /// The type and length that a STRING's metadata holds: its first byte is the real type, whose bits 4 and 5 carry,
    /// inverted, bits 8 and 9 of a length beyond 255 bytes; its second byte is the rest of the length.
    #[must_use]
    pub fn string(&self) -> (u8, u16) {
        let [first, second] = self.meta.to_le_bytes();
        if first & 0x30 == 0x30 {
            (first, u16::from(second))
        } else {
            (first | 0x30, u16::from(second) | u16::from((first & 0x30) ^ 0x30) << 4)
        }
    }

    fn has_members(&self) -> bool {
        self.code == code::STRING && matches!(self.string().0, code::ENUM | code::SET)
    }

    /// Types that have a collation, ENUM and SET apart.
    fn is_text(&self) -> bool {
        let text = matches!(
            self.code,
            code::STRING
                | code::VAR_STRING
                | code::VARCHAR
                | code::VARCHAR_COMPRESSED
                | code::BLOB
                | code::BLOB_COMPRESSED
        );
        text && !self.has_members()
    }

    fn is_text_in_mysql(&self) -> bool {
        self.is_text() || self.code == code::VECTOR
    }

    fn is_text_in_mariadb(&self) -> bool {
        self.is_text() || self.code == code::GEOMETRY
    }

    /// For messages.
    #[must_use]
    pub fn type_name(&self) -> String {
        match self.code {
            code::TINY => "TINYINT",
            code::SHORT => "SMALLINT",
            code::LONG => "INT",
            code::FLOAT => "FLOAT",
            code::DOUBLE => "DOUBLE",
            code::TIMESTAMP => "TIMESTAMP of the format before 5.6",
            code::LONGLONG => "BIGINT",
            code::INT24 => "MEDIUMINT",
            code::DATE => "DATE",
            code::TIME | code::TIME2 => "TIME",
            code::DATETIME => "DATETIME of the format before 5.6",
            code::YEAR => "YEAR",
            code::VARCHAR | code::VAR_STRING => "VARCHAR or VARBINARY",
            code::VARCHAR_COMPRESSED => "compressed VARCHAR or VARBINARY",
            code::BLOB_COMPRESSED => "compressed TEXT or BLOB",
            code::BIT => "BIT",
            code::TIMESTAMP2 => "TIMESTAMP",
            code::DATETIME2 => "DATETIME",
            code::VECTOR => "VECTOR",
            code::JSON => "JSON",
            code::NEWDECIMAL => "DECIMAL",
            code::BLOB => "TEXT or BLOB",
            code::STRING => match self.string().0 {
                code::ENUM => "ENUM",
                code::SET => "SET",
                _ => "CHAR or BINARY",
            },
            code::GEOMETRY => "GEOMETRY",
            other => return format!("type code {other}"),
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_char_hides_its_length_in_the_type() {
        let column = |first, second| MappedColumn {
            code: code::STRING,
            meta: u16::from_le_bytes([first, second]),
            nullable: true,
            collation: None,
            unsigned: None,
            name: None,
            members: None,
        };
        assert_eq!(column(0xfe, 40).string(), (code::STRING, 40));
        // CHAR(255) in utf8mb4: 1020 bytes = 0x3fc.
        assert_eq!(column(0xce, 0xfc).string(), (code::STRING, 1020));
        assert_eq!(column(0xf7, 1).string(), (code::ENUM, 1));
    }

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn each_server_counts_other_types_as_text() {
        // As MySQL 9.7 wrote (g GEOMETRY, ve VECTOR(3), v, j JSON, w, e ENUM, b BIT(3), bl BLOB, k), PRIMARY KEY (k(3)).
        let body = "6d000000000001000174000267670009fff20ff50ffe10fc0f0e04040500041400f7010300020900ff0003073f08fcff003f08\
                    0701000d0103041401670276650176016a01770165016202626c016b0a03fcff000603010161090208030c02ff80";
        let map = TableMap::parse(&bytes(body)).unwrap();
        let told: Vec<_> = map.columns.iter().map(|column| column.collation).collect();
        let (latin1, utf8mb4, binary) = (Some(8), Some(255), Some(63));
        assert_eq!(
            told,
            [None, binary, latin1, None, utf8mb4, utf8mb4, None, binary, latin1],
            "geometries have none, vectors have"
        );
        assert_eq!(map.key, [8]);
        assert!(map.columns[0].nullable && !map.columns[8].nullable);
        // As MariaDB 10.11 wrote (g GEOMETRY, v, j JSON, w, e ENUM).
        let body = "19000000000001000174000267670005ff0ffc0ffe08040500041400f7011f03043f082e2d070100040a01670176016a017701650a\
                    012d0603010161";
        let map = TableMap::parse_of(&bytes(body), Flavour::MariaDb).unwrap();
        let told: Vec<_> = map.columns.iter().map(|column| column.collation).collect();
        assert_eq!(told, [binary, latin1, Some(46), Some(45), Some(45)]);
        // Read as the other one's, it tells less and nothing wrong.
        let map = TableMap::parse(&bytes(body)).unwrap();
        assert!(map.columns[..4].iter().all(|column| column.collation.is_none()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_map_or_an_error(bytes: Vec<u8>) {
            let _ = TableMap::parse(&bytes);
            let _ = TableMap::names(&bytes);
        }
    }
}
