//! The table of the benchmarks and its rows. Row `id` is the same wherever it is made: here, in
//! `host/benches/batches.rs` and in `host/benches/pyodps_upsert.py`.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::types::{Batch, RowKind};
use cdc_plugin_mysql::charset::Charset;
use cdc_plugin_mysql::column::{ColumnDef, Kind};
use cdc_plugin_mysql::server::discovery::{Described, Listed};
use cdc_plugin_mysql::table::Table;

/// 2026-01-02 00:00:00 UTC, seconds since the epoch.
pub const DAY: i64 = 1_767_312_000;

/// A row's values.
#[derive(Clone, Debug)]
pub struct Row {
    /// BIGINT, the key.
    pub id: i64,
    /// INT
    pub a: i32,
    /// INT UNSIGNED
    pub b: u32,
    /// VARCHAR(40)
    pub c: String,
    /// VARCHAR(80)
    pub d: String,
    /// DECIMAL(14,2), in hundredths.
    pub e: i64,
    /// TIMESTAMP(3), microseconds since the epoch.
    pub f: i64,
    /// DATETIME(6), microseconds since the epoch.
    pub g: i64,
    /// DOUBLE
    pub h: f64,
    /// SMALLINT
    pub i: i16,
}

impl Row {
    /// The row of this key, which is not negative.
    #[must_use]
    pub fn new(id: i64) -> Self {
        Self {
            id,
            a: (id % 1000) as i32,
            b: (id * 3) as u32,
            c: format!("customer {id}"),
            d: char::from(b'a' + (id % 26) as u8).to_string().repeat((id % 60) as usize),
            e: id,
            f: (DAY + id) * 1_000_000 + id % 1000 * 1000,
            g: (DAY + id % 86_400) * 1_000_000 + id % 1_000_000,
            h: id as f64 / 7.0,
            i: (id % 30_000) as i16,
        }
    }
}

/// The table as the source knows it.
#[must_use]
pub fn table() -> Table {
    let charset = Charset::Utf8;
    let columns = [
        ("id", Kind::BigInt { unsigned: false }),
        ("a", Kind::Int { unsigned: false }),
        ("b", Kind::Int { unsigned: true }),
        ("c", Kind::Varchar { length: 40, charset }),
        ("d", Kind::Varchar { length: 80, charset }),
        ("e", Kind::Decimal { precision: 14, scale: 2 }),
        ("f", Kind::Timestamp { precision: 3 }),
        ("g", Kind::DateTime { precision: 6 }),
        ("h", Kind::Double),
        ("i", Kind::SmallInt { unsigned: false }),
    ];
    let columns = columns.map(|(name, kind)| ColumnDef {
        name: name.into(),
        kind,
        declared: String::new(),
        nullable: name != "id",
        comment: None,
    });
    let listed = Listed {
        database: "bench".into(),
        name: "rows_of_ten".into(),
        rows: None,
        row_bytes: None,
        comment: String::new(),
        charset: "utf8mb4".into(),
    };
    Table::new(&listed, Described { columns: columns.into(), key: vec![0] }, false)
}

/// Rows `first..first + count` as inserts.
#[must_use]
pub fn batch(table: &Table, first: i64, count: i64) -> Batch {
    let mut builder = BatchBuilder::new(&table.schema);
    for row in (first..first + count).map(Row::new) {
        builder.row(RowKind::Insert, None);
        let columns = &mut builder.columns;
        columns[0].push_i64(row.id);
        columns[1].push_i32(row.a);
        columns[2].push_i64(row.b.into());
        columns[3].push_bytes(row.c.as_bytes());
        columns[4].push_bytes(row.d.as_bytes());
        columns[5].push_decimal(row.e.into());
        columns[6].push_i64(row.f);
        columns[7].push_i64(row.g);
        columns[8].push_f64(row.h);
        columns[9].push_i16(row.i);
    }
    builder.finish()
}
