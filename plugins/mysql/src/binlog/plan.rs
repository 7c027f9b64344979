//! How to read one table's row images: the TABLE_MAP checked against the known columns, one operation for each.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::binlog::op::Op;
use crate::binlog::table_map::{MappedColumn, TableMap, code};
use crate::charset::Charset;
use crate::column::{ColumnDef, Kind};
use crate::decimal::{DecimalLayout, MAX_PRECISION};
use crate::members::Members;

/// How to read the images of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One for each column.
    pub ops: Vec<Op>,
    /// For each column its place in the key, where it has one.
    pub key_slots: Vec<Option<usize>>,
    /// Columns up to and including the last one of the key.
    pub key_end: usize,
    /// Columns of the key.
    pub key_len: usize,
}

/// A TABLE_MAP that differs from what is known of its table: the table was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Columns were added or dropped.
    #[error("its row images have {mapped} columns, the schema has {known}")]
    Count {
        /// In the binlog.
        mapped: usize,
        /// In the schema.
        known: usize,
    },
    /// A column has another name.
    #[error("column {position} is `{mapped}` in its row images and `{known}` in the schema")]
    Name {
        /// From 1.
        position: usize,
        /// In the binlog.
        mapped: String,
        /// In the schema.
        known: String,
    },
    /// A column has another type.
    #[error("column `{column}` is stored as {mapped}, which the schema does not say of it")]
    Type {
        /// Its name.
        column: String,
        /// In the binlog.
        mapped: String,
    },
    /// A text is in another character set.
    #[error("the text of column `{column}` is in {mapped} in its row images")]
    Charset {
        /// Its name.
        column: String,
        /// In the binlog.
        mapped: String,
    },
    /// An ENUM or a SET has other members.
    #[error("the members of column `{0}` are not those of the schema")]
    Members(String),
    /// The schema does not tell the members and the binlog does not either.
    #[error(
        "MySQL shows members of column `{0}` with question marks, as it does with characters that need four bytes; \
         the binlog tells them after SET PERSIST binlog_row_metadata = 'FULL'"
    )]
    Doubtful(String),
}

// === impl Plan ===

impl Plan {
    /// Plan to read the images that `map` announces. `key` are indexes of columns in key order.
    ///
    /// # Errors
    /// The map does not fit the columns.
    pub fn new(columns: &[ColumnDef], key: &[usize], map: &TableMap) -> Result<Self, Mismatch> {
        if columns.len() != map.columns.len() {
            return Err(Mismatch::Count { mapped: map.columns.len(), known: columns.len() });
        }
        let mut ops = Vec::with_capacity(columns.len());
        for (index, (column, mapped)) in columns.iter().zip(&map.columns).enumerate() {
            if let Some(name) = &mapped.name
                && *name != column.name
            {
                let known = column.name.clone();
                return Err(Mismatch::Name { position: index + 1, mapped: name.clone(), known });
            }
            let kind = told(column, mapped)?;
            ops.push(op(&kind, mapped).ok_or_else(|| Mismatch::Type {
                column: column.name.clone(),
                mapped: match mapped.unsigned {
                    Some(true) => format!("{} UNSIGNED", mapped.type_name()),
                    _ => mapped.type_name(),
                },
            })?);
        }
        let key_slots =
            (0..columns.len()).map(|index| key.iter().position(|column| *column == index)).collect();
        let key_end = key.iter().max().map_or(0, |last| last + 1);
        Ok(Self { ops, key_slots, key_end, key_len: key.len() })
    }
}

/// Whether a column is stored so.
#[must_use]
pub fn fits(column: &ColumnDef, mapped: &MappedColumn, collations: &Collations) -> bool {
    told(column, mapped).is_ok_and(|kind| op(&kind, mapped).is_some())
        && check_charset(column, mapped, collations).is_ok()
}

/// Character set and bytes of its widest character, by the collation's number.
pub type Collations = HashMap<u64, (String, u64)>;

/// Whether texts are in the character sets that are known of their columns, as far as the binlog tells.
///
/// # Errors
/// One is not.
pub fn check_charsets(
    columns: &[ColumnDef],
    map: &TableMap,
    collations: &Collations,
) -> Result<(), Mismatch> {
    let mut pairs = columns.iter().zip(&map.columns);
    pairs.try_for_each(|(column, mapped)| check_charset(column, mapped, collations))
}

fn check_charset(column: &ColumnDef, mapped: &MappedColumn, collations: &Collations) -> Result<(), Mismatch> {
    let told = mapped.collation.and_then(|id| collations.get(&id));
    let (Some(known), Some((name, _))) = (column.kind.charset(), told) else { return Ok(()) };
    match Charset::from_name(name) {
        Some(charset) if charset != known => {
            Err(Mismatch::Charset { column: column.name.clone(), mapped: name.clone() })
        }
        _ => Ok(()),
    }
}

/// The kind of a column with the members that the binlog tells, where it does.
fn told<'a>(column: &'a ColumnDef, mapped: &MappedColumn) -> Result<Cow<'a, Kind>, Mismatch> {
    let (Kind::Enum { members: declared, charset } | Kind::Set { members: declared, charset, .. }) =
        &column.kind
    else {
        return Ok(Cow::Borrowed(&column.kind));
    };
    let Some(members) = &mapped.members else {
        // All but the widest character sets lose nothing.
        return if charset.is_wide() && declared.may_be_lossy() {
            Err(Mismatch::Doubtful(column.name.clone()))
        } else {
            Ok(Cow::Borrowed(&column.kind))
        };
    };
    let told = Members::new(members.iter().map(|member| charset.text(member)));
    if !told.are_declared_as(declared) {
        return Err(Mismatch::Members(column.name.clone()));
    }
    let mut kind = column.kind.clone();
    if let Kind::Enum { members, .. } | Kind::Set { members, .. } = &mut kind {
        *members = told;
    }
    Ok(Cow::Owned(kind))
}

/// The operation for a column of this kind that is stored so; none when the two do not fit.
fn op(kind: &Kind, mapped: &MappedColumn) -> Option<Op> {
    let signs = |declared: bool| mapped.unsigned.is_none_or(|unsigned| unsigned == declared);
    let integer = |expected: u8, unsigned: bool, signed_op: Op, unsigned_op: Op| {
        (mapped.code == expected && signs(unsigned)).then_some(if unsigned { unsigned_op } else { signed_op })
    };
    // Lengths up to 255 bytes take one byte.
    let prefix = |max: u16| if max > 255 { 2 } else { 1 };
    let precision = mapped.meta as u8;
    let real = |expected: u8| mapped.code == code::STRING && mapped.string().0 == expected;
    // Four bytes of length, as a LONGBLOB's.
    let large =
        |expected: u8| (mapped.code == expected && (1..=4).contains(&mapped.meta)).then_some(precision);
    match *kind {
        Kind::Boolean => integer(code::TINY, false, Op::Boolean, Op::Boolean),
        Kind::TinyInt { unsigned } => integer(code::TINY, unsigned, Op::I8, Op::U8),
        Kind::SmallInt { unsigned } => integer(code::SHORT, unsigned, Op::I16, Op::U16),
        Kind::MediumInt { unsigned } => integer(code::INT24, unsigned, Op::I24, Op::U24),
        Kind::Int { unsigned } => integer(code::LONG, unsigned, Op::I32, Op::U32),
        Kind::BigInt { unsigned } => integer(code::LONGLONG, unsigned, Op::I64, Op::U64),
        Kind::Float { widened } => {
            (mapped.code == code::FLOAT).then_some(if widened { Op::F32Widened } else { Op::F32 })
        }
        Kind::Double => (mapped.code == code::DOUBLE).then_some(Op::F64),
        Kind::Decimal { precision, scale } => {
            let fits = mapped.code == code::NEWDECIMAL && mapped.meta.to_le_bytes() == [precision, scale];
            let layout = DecimalLayout::new(precision, scale).filter(|_| fits)?;
            Some(if precision <= MAX_PRECISION { Op::Decimal(layout) } else { Op::DecimalText(layout) })
        }
        Kind::Bit { bits } => {
            // Bits beyond whole bytes, whole bytes.
            let fits = mapped.code == code::BIT && mapped.meta.to_le_bytes() == [bits % 8, bits / 8];
            fits.then_some(if bits == 1 { Op::Boolean } else { Op::Fixed { len: bits.div_ceil(8) } })
        }
        Kind::Char { charset, .. } => {
            real(code::STRING).then(|| Op::Text { prefix: prefix(mapped.string().1), charset })
        }
        Kind::Binary { length } => {
            let max = mapped.string().1;
            (real(code::STRING) && u32::from(max) == length)
                .then(|| Op::Binary { prefix: prefix(max), length })
        }
        Kind::Varchar { charset, .. } if mapped.code == code::VARCHAR_COMPRESSED => {
            Some(Op::Compressed { prefix: prefix(mapped.meta), charset: Some(charset) })
        }
        Kind::Varbinary { .. } if mapped.code == code::VARCHAR_COMPRESSED => {
            Some(Op::Compressed { prefix: prefix(mapped.meta), charset: None })
        }
        Kind::Text { charset } if mapped.code == code::BLOB_COMPRESSED => {
            large(code::BLOB_COMPRESSED).map(|prefix| Op::Compressed { prefix, charset: Some(charset) })
        }
        Kind::Blob if mapped.code == code::BLOB_COMPRESSED => {
            large(code::BLOB_COMPRESSED).map(|prefix| Op::Compressed { prefix, charset: None })
        }
        Kind::Address(address) => (real(code::STRING) && mapped.string().1 == u16::from(address.width()))
            .then_some(Op::Address(address)),
        Kind::Varchar { charset, .. } => {
            (mapped.code == code::VARCHAR).then(|| Op::Text { prefix: prefix(mapped.meta), charset })
        }
        Kind::Varbinary { length } => (mapped.code == code::VARCHAR && u32::from(mapped.meta) == length)
            .then(|| Op::Bytes { prefix: prefix(mapped.meta) }),
        Kind::Text { charset } => large(code::BLOB).map(|prefix| Op::Text { prefix, charset }),
        Kind::Blob => large(code::BLOB).map(|prefix| Op::Bytes { prefix }),
        Kind::Enum { ref members, .. } => {
            let width = if members.len() > 255 { 2 } else { 1 };
            let fits = real(code::ENUM) && mapped.string().1 == u16::from(width);
            fits.then(|| Op::Enum { width, members: members.clone() })
        }
        Kind::Set { ref members, as_text, .. } => {
            let width = set_width(members);
            let (fits, members) = (real(code::SET) && mapped.string().1 == u16::from(width), members.clone());
            fits.then_some(if as_text { Op::SetText { width, members } } else { Op::Set { width, members } })
        }
        Kind::Json { style } => large(code::JSON).map(|prefix| Op::Json { prefix, style }),
        Kind::Geometry => large(code::GEOMETRY).map(|prefix| Op::Geometry { prefix }),
        Kind::Vector => large(code::VECTOR).map(|prefix| Op::Vector { prefix }),
        Kind::Year => (mapped.code == code::YEAR).then_some(Op::Year),
        Kind::Date => (mapped.code == code::DATE).then_some(Op::Date),
        Kind::Time { precision: declared } => {
            (mapped.code == code::TIME2 && precision == declared).then_some(Op::Time { precision })
        }
        Kind::DateTime { precision: declared } => {
            (mapped.code == code::DATETIME2 && precision == declared).then_some(Op::DateTime { precision })
        }
        Kind::Timestamp { precision: declared } => {
            (mapped.code == code::TIMESTAMP2 && precision == declared).then_some(Op::Timestamp { precision })
        }
    }
}

/// Bytes of a SET's bitmap: 1 to 4, or 8.
fn set_width(members: &Members) -> u8 {
    match members.len().div_ceil(8) as u8 {
        bytes @ 0..=4 => bytes,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str, kind: Kind) -> ColumnDef {
        ColumnDef { name: name.to_owned(), kind, declared: String::new(), nullable: true, comment: None }
    }

    fn map(columns: Vec<MappedColumn>) -> TableMap {
        TableMap { table_id: 1, database: "d".into(), table: "t".into(), columns, key: Vec::new() }
    }

    fn mapped(code: u8, meta: u16, unsigned: Option<bool>, name: Option<&str>) -> MappedColumn {
        MappedColumn {
            code,
            meta,
            nullable: true,
            collation: None,
            unsigned,
            name: name.map(str::to_owned),
            members: None,
        }
    }

    #[test]
    fn a_changed_table_is_noticed_by_count_name_sign_and_type() {
        let columns = [known("id", Kind::Int { unsigned: false })];
        let plan = |column| Plan::new(&columns, &[0], &map(vec![column]));
        assert!(plan(mapped(code::LONG, 0, None, None)).is_ok());
        assert!(plan(mapped(code::LONG, 0, Some(false), Some("id"))).is_ok());
        assert!(matches!(
            plan(mapped(code::LONG, 0, None, Some("no"))),
            Err(Mismatch::Name { position: 1, .. })
        ));
        let error = plan(mapped(code::LONG, 0, Some(true), None)).unwrap_err();
        assert!(error.to_string().contains("`id` is stored as INT UNSIGNED"), "{error}");
        assert!(matches!(plan(mapped(code::LONGLONG, 0, None, None)), Err(Mismatch::Type { .. })));
        assert_eq!(Plan::new(&columns, &[0], &map(vec![])), Err(Mismatch::Count { mapped: 0, known: 1 }));
    }

    #[test]
    fn members_are_those_of_the_binlog_where_it_tells_them() {
        let shown = Members::new(["a", "?"].map(str::to_owned));
        let plan = |charset, members: Option<&[&str]>| {
            let bytes = |list: &[&str]| list.iter().map(|member| member.as_bytes().to_vec()).collect();
            let kind = Kind::Enum { members: shown.clone(), charset };
            let meta = u16::from_le_bytes([code::ENUM, 1]);
            let column =
                MappedColumn { members: members.map(bytes), ..mapped(code::STRING, meta, None, None) };
            Plan::new(&[known("e", kind)], &[], &map(vec![column])).map(|plan| plan.ops)
        };
        let op = |members: [&str; 2]| {
            Ok(vec![Op::Enum { width: 1, members: Members::new(members.map(str::to_owned)) }])
        };
        assert_eq!(plan(Charset::Utf8, Some(&["a", "😀"])), op(["a", "😀"]));
        assert_eq!(plan(Charset::Utf8, Some(&["a", "?"])), op(["a", "?"]));
        assert_eq!(plan(Charset::Utf8, Some(&["b", "?"])), Err(Mismatch::Members("e".into())));
        assert_eq!(plan(Charset::Utf8, Some(&["a", "?", "c"])), Err(Mismatch::Members("e".into())));
        assert_eq!(plan(Charset::Utf8, None), Err(Mismatch::Doubtful("e".into())));
        assert_eq!(plan(Charset::Latin1, None), op(["a", "?"]));
    }

    #[test]
    fn text_in_another_character_set_is_noticed_where_the_binlog_tells() {
        let collations = [(8, ("latin1".to_owned(), 1)), (255, ("utf8mb4".to_owned(), 4))].into();
        let text = [known("v", Kind::Varchar { length: 10, charset: Charset::Utf8 })];
        let check = |collation| {
            let column = MappedColumn { collation, ..mapped(code::VARCHAR, 40, None, None) };
            check_charsets(&text, &map(vec![column]), &collations)
        };
        assert_eq!((check(None), check(Some(255)), check(Some(77))), (Ok(()), Ok(()), Ok(())));
        assert_eq!(
            check(Some(8)),
            Err(Mismatch::Charset { column: "v".to_owned(), mapped: "latin1".to_owned() })
        );
    }

    #[test]
    fn lengths_beyond_255_bytes_take_two() {
        let text = Kind::Varchar { length: 100, charset: Charset::Utf8 };
        let plan = |meta| {
            Plan::new(&[known("v", text.clone())], &[], &map(vec![mapped(code::VARCHAR, meta, None, None)]))
        };
        assert_eq!(plan(255).unwrap().ops, [Op::Text { prefix: 1, charset: Charset::Utf8 }]);
        assert_eq!(plan(400).unwrap().ops, [Op::Text { prefix: 2, charset: Charset::Utf8 }]);
    }

    #[test]
    fn the_key_is_known_by_its_slots() {
        let columns = ["a", "b", "c"].map(|name| known(name, Kind::Double));
        let map = map(vec![mapped(code::DOUBLE, 8, None, None); 3]);
        let plan = Plan::new(&columns, &[1, 0], &map).unwrap();
        assert_eq!((plan.key_slots, plan.key_end, plan.key_len), (vec![Some(1), Some(0), None], 2, 2));
    }
}
