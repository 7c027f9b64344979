//! The recorded tables: as `information_schema` describes them, and their rows as a select would return them.

use cdc_plugin::host::mysql::{ByteValues, RowBlock, ValueColumn, ValueData};
use cdc_plugin_mysql::column::{ColumnDef, Declaration, Kind, Reading};
use cdc_plugin_mysql::server::discovery::{Described, Listed};
use cdc_plugin_mysql::table::Table;

use super::text_vector;

/// A recorded table with key `id`.
pub(crate) fn table(name: &str) -> Table {
    table_read(name, Reading::default())
}

/// The same, read in another way.
pub(crate) fn table_read(name: &str, reading: Reading) -> Table {
    let file = if name == "types" { "columns".to_owned() } else { format!("{name}_columns") };
    let columns = text_vector(&format!("binlog/{file}.tsv"));
    let columns = columns.lines().map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let number = |index: usize| fields[index].parse().ok();
        let declared = Declaration {
            data_type: fields[1].to_owned(),
            column_type: fields[2].to_owned(),
            length: number(3),
            precision: number(4),
            scale: number(5),
            fraction: number(6),
            charset: Some(fields[7].to_owned()).filter(|charset| !charset.is_empty()),
        };
        ColumnDef {
            name: fields[0].to_owned(),
            kind: Kind::from_declaration(&declared, reading).unwrap(),
            declared: declared.canonical(),
            nullable: true,
            comment: None,
        }
    });
    made(name, columns.collect(), vec![0])
}

/// A table of these columns.
pub(crate) fn made(name: &str, columns: Vec<ColumnDef>, key: Vec<usize>) -> Table {
    let listed = Listed {
        database: "vectors".into(),
        name: name.into(),
        rows: None,
        row_bytes: None,
        comment: String::new(),
        charset: "utf8mb4".into(),
    };
    Table::new(&listed, Described { columns, key }, false)
}

/// The recorded rows as the host returns them, from the export (see `record.sh`).
pub(crate) fn selected(table: &Table) -> RowBlock {
    let file = if table.name == "types" { "values".to_owned() } else { format!("{}_values", table.name) };
    let values = text_vector(&format!("binlog/{file}.tsv"));
    let rows: Vec<Vec<&str>> = values.lines().map(|line| line.split('\t').collect()).collect();
    let columns = table.columns.iter().enumerate().map(|(index, column)| {
        let texts: Vec<_> = rows.iter().map(|row| Some(row[index]).filter(|text| *text != "NULL")).collect();
        value_column(&column.kind, &texts)
    });
    RowBlock { rows: rows.len() as u32, columns: columns.collect() }
}

/// A column of texts as the binary protocol would have brought it.
fn value_column(kind: &Kind, texts: &[Option<&str>]) -> ValueColumn {
    let mut validity = vec![0; texts.len().div_ceil(8)];
    for (row, _) in texts.iter().enumerate().filter(|(_, text)| text.is_some()) {
        validity[row / 8] |= 1 << (row % 8);
    }
    let integer = |text: &Option<&str>| text.map_or(0i128, |text| text.parse().unwrap());
    let double = |text: &Option<&str>| text.map_or(0.0, |text| text.parse::<f64>().unwrap());
    let data = match kind {
        Kind::TinyInt { unsigned: true }
        | Kind::SmallInt { unsigned: true }
        | Kind::MediumInt { unsigned: true }
        | Kind::Int { unsigned: true }
        | Kind::BigInt { unsigned: true }
        | Kind::Year => ValueData::Uint64s(texts.iter().map(|text| integer(text) as u64).collect()),
        Kind::Boolean
        | Kind::TinyInt { .. }
        | Kind::SmallInt { .. }
        | Kind::MediumInt { .. }
        | Kind::Int { .. }
        | Kind::BigInt { .. } => ValueData::Int64s(texts.iter().map(|text| integer(text) as i64).collect()),
        Kind::Float { .. } => ValueData::Float32s(texts.iter().map(|text| double(text) as f32).collect()),
        Kind::Double => ValueData::Float64s(texts.iter().map(double).collect()),
        Kind::Date | Kind::DateTime { .. } | Kind::Timestamp { .. } => {
            ValueData::Datetimes(texts.iter().map(|text| text.map_or(0, datetime)).collect())
        }
        Kind::Time { .. } => ValueData::Times(texts.iter().map(|text| text.map_or(0, time)).collect()),
        Kind::Decimal { .. } => {
            byte_strings(texts.iter().map(|text| text.unwrap_or_default().as_bytes().to_vec()))
        }
        _ => byte_strings(texts.iter().map(|text| unhex(text.unwrap_or_default()))),
    };
    ValueColumn { validity: Some(validity), data }
}

fn byte_strings(values: impl Iterator<Item = Vec<u8>>) -> ValueData {
    let mut column = ByteValues { offsets: vec![0], data: Vec::new() };
    for value in values {
        column.data.extend(value);
        column.offsets.push(column.data.len() as u32);
    }
    ValueData::ByteStrings(column)
}

/// Bytes of hexadecimal digits.
pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    let digits = digits.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// `YYYY-MM-DD[ HH:MM:SS[.f…]]` packed as in `value-data.datetimes`.
fn datetime(text: &str) -> i64 {
    let (date, clock) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    let date: Vec<i64> = date.split('-').map(|part| part.parse().unwrap()).collect();
    let micros = time(clock);
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    ((date[0] * 13 + date[1]) << 5 | date[2]) << 41 | hour << 36 | minute << 30 | second << 24 | fraction
}

/// `[-]HHH:MM:SS[.f…]` in microseconds.
fn time(text: &str) -> i64 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds = clock.split(':').fold(0, |sum, part| sum * 60 + part.parse::<i64>().unwrap());
    sign * (seconds * 1_000_000 + format!("{fraction:0<6}").parse::<i64>().unwrap())
}
