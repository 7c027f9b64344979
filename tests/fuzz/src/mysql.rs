//! Tables of MySQL: from declared types to what a server would announce of them, and back.

use cdc_plugin_mysql::binlog::table_map::{MappedColumn, TableMap, code};
use cdc_plugin_mysql::column::{Kind, Reading};
use cdc_plugin_mysql::definition::{ColumnText, Definition};
use cdc_plugin_mysql::members::Members;
use cdc_plugin_mysql::server::discovery::Listed;
use cdc_plugin_mysql::table::Table;

/// A table with one column of each type, in `information_schema`'s words, the first one its key; none where a type is
/// none.
pub fn table<'t>(types: impl Iterator<Item = &'t str>) -> Option<Table> {
    let columns: Vec<ColumnText> = types
        .enumerate()
        .map(|(index, declared)| ColumnText {
            name: format!("c{index}"),
            declared: declared.to_owned(),
            nullable: index > 0,
            comment: None,
        })
        .collect();
    let key = if columns.is_empty() { Vec::new() } else { vec![0] };
    let definition = Definition { version: 1, columns, key, charset: "utf8mb4".into(), comment: None };
    Table::from_definition(&listed(), &definition, Reading::default()).ok()
}

/// What information_schema says of the table as a whole.
pub fn listed() -> Listed {
    Listed {
        database: "d".into(),
        name: "t".into(),
        rows: None,
        row_bytes: None,
        comment: String::new(),
        charset: "utf8mb4".into(),
    }
}

/// What a server announces of the table's images.
pub fn map(table: &Table) -> TableMap {
    let columns = table.columns.iter().map(|column| mapped(&column.kind)).collect();
    TableMap {
        table_id: 1,
        database: table.database.clone(),
        table: table.name.clone(),
        columns,
        key: Vec::new(),
    }
}

fn mapped(kind: &Kind) -> MappedColumn {
    let pair = |low: u8, high: u8| u16::from_le_bytes([low, high]);
    let bytes =
        |length: u32, most: u32| u16::try_from((length * most).min(u32::from(u16::MAX))).unwrap_or(u16::MAX);
    // The two highest bits of a length beyond 255 bytes are inverted within the type.
    let string = |real: u8, length: u16| pair(real ^ ((length >> 4) as u8 & 0x30), length as u8);
    let set_width = |members: &Members| match members.len().div_ceil(8) as u8 {
        width @ 0..=4 => width,
        _ => 8,
    };
    let (code, meta) = match kind {
        Kind::Boolean | Kind::TinyInt { .. } => (code::TINY, 0),
        Kind::SmallInt { .. } => (code::SHORT, 0),
        Kind::MediumInt { .. } => (code::INT24, 0),
        Kind::Int { .. } => (code::LONG, 0),
        Kind::BigInt { .. } => (code::LONGLONG, 0),
        Kind::Float { .. } => (code::FLOAT, 4),
        Kind::Double => (code::DOUBLE, 8),
        Kind::Decimal { precision, scale } => (code::NEWDECIMAL, pair(*precision, *scale)),
        Kind::Bit { bits } => (code::BIT, pair(bits % 8, bits / 8)),
        Kind::Char { length, .. } => (code::STRING, string(code::STRING, bytes((*length).min(255), 4))),
        Kind::Binary { length } => (code::STRING, string(code::STRING, bytes((*length).min(1020), 1))),
        Kind::Address(address) => (code::STRING, string(code::STRING, u16::from(address.width()))),
        Kind::Varchar { length, .. } => (code::VARCHAR, bytes((*length).min(16383), 4)),
        Kind::Varbinary { length } => (code::VARCHAR, bytes((*length).min(65535), 1)),
        Kind::Text { .. } | Kind::Blob => (code::BLOB, 2),
        Kind::Enum { members, .. } => {
            (code::STRING, string(code::ENUM, if members.len() > 255 { 2 } else { 1 }))
        }
        Kind::Set { members, .. } => (code::STRING, string(code::SET, u16::from(set_width(members)))),
        Kind::Json { .. } => (code::JSON, 4),
        Kind::Geometry => (code::GEOMETRY, 4),
        Kind::Vector => (code::VECTOR, 4),
        Kind::Year => (code::YEAR, 0),
        Kind::Date => (code::DATE, 0),
        Kind::Time { precision } => (code::TIME2, u16::from(*precision)),
        Kind::DateTime { precision } => (code::DATETIME2, u16::from(*precision)),
        Kind::Timestamp { precision } => (code::TIMESTAMP2, u16::from(*precision)),
    };
    MappedColumn { code, meta, nullable: true, collation: None, unsigned: None, name: None, members: None }
}

/// A type that a column with this map may have, as `information_schema` would say it.
pub fn declared(mapped: &MappedColumn, charset: &str) -> String {
    let unsigned = if mapped.unsigned == Some(true) { " unsigned" } else { "" };
    let [low, high] = mapped.meta.to_le_bytes();
    let list = |name: &str| {
        let members = mapped
            .members
            .iter()
            .flatten()
            .map(|member| format!("'{}'", String::from_utf8_lossy(member).replace('\'', "''")));
        format!("{name}({}) {charset}", members.collect::<Vec<_>>().join(","))
    };
    match mapped.code {
        code::TINY => format!("tinyint{unsigned}"),
        code::SHORT => format!("smallint{unsigned}"),
        code::INT24 => format!("mediumint{unsigned}"),
        code::LONG => format!("int{unsigned}"),
        code::LONGLONG => format!("bigint{unsigned}"),
        code::FLOAT => "float".into(),
        code::DOUBLE => "double".into(),
        code::NEWDECIMAL => format!("decimal({low},{high})"),
        code::BIT => format!("bit({})", u16::from(high) * 8 + u16::from(low)),
        code::VARCHAR if charset == "binary" => format!("varbinary({})", mapped.meta),
        code::VARCHAR => format!("varchar({}) {charset}", mapped.meta / 4),
        code::BLOB if charset == "binary" => "blob".into(),
        code::BLOB => format!("text {charset}"),
        code::JSON => "json".into(),
        code::GEOMETRY => "geometry".into(),
        code::VECTOR => "vector(3)".into(),
        code::YEAR => "year".into(),
        code::DATE => "date".into(),
        code::TIME2 => format!("time({})", mapped.meta),
        code::DATETIME2 => format!("datetime({})", mapped.meta),
        code::TIMESTAMP2 => format!("timestamp({})", mapped.meta),
        _ => match mapped.string() {
            (code::ENUM, _) => list("enum"),
            (code::SET, _) => list("set"),
            (_, length) if charset == "binary" => format!("binary({length})"),
            (_, length) => format!("char({}) {charset}", length / 4),
        },
    }
}
