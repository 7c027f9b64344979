use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::params;

use super::{Change, Disk, DiskError, SessionStatus};
use crate::journal::epoch_ms;
use crate::record::Row;
use crate::schema::{PartitionSpec, TableDefinition};
use crate::store::{Change as RowChange, key_columns};

/// A table as the file has it.
pub(crate) struct StoredTable {
    pub(crate) id: String,
    pub(crate) definition: TableDefinition,
    pub(crate) created: SystemTime,
    pub(crate) altered: SystemTime,
    pub(crate) partitions: Vec<StoredPartition>,
}

/// A partition with its rows in order.
pub(crate) struct StoredPartition {
    pub(crate) spec: PartitionSpec,
    pub(crate) created: SystemTime,
    pub(crate) rows: Vec<Row>,
}

impl Disk {
    pub(crate) fn schemas(&self) -> Result<Vec<String>, DiskError> {
        let connection = self.connection.lock();
        let mut statement = connection.prepare("select name from schemas")?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

    pub(crate) fn tables(&self) -> Result<Vec<StoredTable>, DiskError> {
        let connection = self.connection.lock();
        let mut tables = connection.prepare("select id, definition, created_ms, altered_ms from tables")?;
        let mut partitions = connection
            .prepare("select number, spec, created_ms from partitions where table_id = ? order by number")?;
        let mut rows = connection.prepare("select row from rows where partition = ? order by number")?;
        let found = tables.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?))
        })?;
        let mut all = Vec::new();
        for table in found {
            let (id, definition, created, altered) = table?;
            let mut stored = StoredTable {
                id,
                definition: serde_json::from_str(&definition)?,
                created: time(created),
                altered: time(altered),
                partitions: Vec::new(),
            };
            let found = partitions.query_map([&stored.id], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get(2)?))
            })?;
            for partition in found {
                let (number, spec, created) = partition?;
                let rows = rows.query_map([number], |row| row.get::<_, Vec<u8>>(0))?;
                stored.partitions.push(StoredPartition {
                    spec: serde_json::from_str(&spec)?,
                    created: time(created),
                    rows: rows.map(|row| Ok(Row::from_bytes(&row?))).collect::<rusqlite::Result<_>>()?,
                });
            }
            all.push(stored);
        }
        Ok(all)
    }

    pub(crate) fn create_schema(&self, name: &str) -> Result<(), DiskError> {
        self.change(|change| change.run("insert into schemas values (?)", [name]).map(drop))
    }

    pub(crate) fn drop_schema(&self, name: &str) -> Result<(), DiskError> {
        self.change(|change| change.run("delete from schemas where name = ?", [name]).map(drop))
    }

    pub(crate) fn create_table(&self, id: &str, definition: &TableDefinition) -> Result<(), DiskError> {
        let now = now_ms();
        self.change(|change| {
            let document = serde_json::to_string(definition)?;
            change.run("insert into tables values (?, ?, ?, ?)", params![id, document, now, now])?;
            if definition.partition_keys.is_empty() {
                change.add_partition(id, &PartitionSpec::default())?;
            }
            Ok(())
        })
    }

    pub(crate) fn drop_table(&self, id: &str) -> Result<(), DiskError> {
        self.change(|change| {
            change.clear(id)?;
            change.run("delete from partitions where table_id = ?", [id])?;
            change.run(
                "delete from writes where session_id in (select id from sessions where table_id = ?)",
                [id],
            )?;
            change.run("delete from sessions where table_id = ?", [id])?;
            change.run("delete from tables where id = ?", [id]).map(drop)
        })
    }

    /// Writes a definition whose rows stay as they are.
    pub(crate) fn define(&self, id: &str, definition: &TableDefinition) -> Result<(), DiskError> {
        self.change(|change| change.define(id, definition))
    }

    /// Writes a definition with new columns, and all rows anew.
    pub(crate) fn evolve<'r>(
        &self,
        id: &str,
        definition: &TableDefinition,
        rows: impl Iterator<Item = (&'r PartitionSpec, Vec<Row>)>,
    ) -> Result<(), DiskError> {
        self.change(|change| {
            change.define(id, definition)?;
            change.clear(id)?;
            for (spec, rows) in rows {
                let partition = change.partition(id, spec)?;
                for row in rows {
                    change.put(partition, definition, &row)?;
                }
            }
            Ok(())
        })
    }

    pub(crate) fn add_partitions(&self, id: &str, specs: &[PartitionSpec]) -> Result<(), DiskError> {
        self.change(|change| specs.iter().try_for_each(|spec| change.add_partition(id, spec)))
    }

    pub(crate) fn drop_partitions(&self, id: &str, specs: &[PartitionSpec]) -> Result<(), DiskError> {
        self.change(|change| {
            for spec in specs {
                let partition = change.partition(id, spec)?;
                change.run("delete from rows where partition = ?", [partition])?;
                change.run("delete from partitions where number = ?", [partition])?;
            }
            Ok(())
        })
    }

    pub(crate) fn truncate(&self, id: &str, specs: &[PartitionSpec]) -> Result<(), DiskError> {
        self.change(|change| {
            for spec in specs {
                let partition = change.partition(id, spec)?;
                change.run("delete from rows where partition = ?", [partition])?;
            }
            Ok(())
        })
    }

    /// Appends rows and ends the session that they are from.
    pub(crate) fn append(
        &self,
        id: &str,
        spec: &PartitionSpec,
        rows: &[Row],
        overwrite: bool,
        session: Option<&str>,
    ) -> Result<(), DiskError> {
        self.change(|change| {
            let partition = change.partition(id, spec)?;
            if overwrite {
                change.run("delete from rows where partition = ?", [partition])?;
            }
            for row in rows {
                change.run(
                    "insert into rows (partition, row) values (?, ?)",
                    params![partition, row.as_bytes()],
                )?;
            }
            session.map_or(Ok(()), |session| change.close_upload(session))
        })
    }

    /// Applies changes and ends the session that they are from.
    pub(crate) fn upsert(
        &self,
        id: &str,
        spec: &PartitionSpec,
        definition: &TableDefinition,
        changes: &[RowChange],
        session: &str,
    ) -> Result<(), DiskError> {
        self.change(|change| {
            let partition = change.partition(id, spec)?;
            for each in changes {
                if each.deletes() {
                    let key = key_of(each.row(), definition)?;
                    change
                        .run("delete from rows where partition = ? and key = ?", params![partition, key])?;
                } else {
                    change.put_keyed(partition, definition, each.row())?;
                }
            }
            change.end_session(session, SessionStatus::Committed)
        })
    }
}

impl Change<'_> {
    fn define(&self, id: &str, definition: &TableDefinition) -> Result<(), DiskError> {
        let document = serde_json::to_string(definition)?;
        let values = params![document, now_ms(), id];
        self.run("update tables set definition = ?, altered_ms = ? where id = ?", values).map(drop)
    }

    /// Deletes every row of a table.
    fn clear(&self, id: &str) -> Result<(), DiskError> {
        let sql = "delete from rows where partition in (select number from partitions where table_id = ?)";
        self.run(sql, [id]).map(drop)
    }

    fn add_partition(&self, id: &str, spec: &PartitionSpec) -> Result<(), DiskError> {
        let document = serde_json::to_string(spec)?;
        let sql = "insert into partitions (table_id, spec, created_ms) values (?, ?, ?)";
        self.run(sql, params![id, document, now_ms()]).map(drop)
    }

    /// The number of a partition.
    fn partition(&self, id: &str, spec: &PartitionSpec) -> Result<i64, DiskError> {
        let document = serde_json::to_string(spec)?;
        let sql = "select number from partitions where table_id = ? and spec = ?";
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement.query_row(params![id, document], |row| row.get(0))?)
    }

    fn put(&self, partition: i64, definition: &TableDefinition, row: &Row) -> Result<(), DiskError> {
        if definition.is_delta() {
            return self.put_keyed(partition, definition, row);
        }
        let sql = "insert into rows (partition, row) values (?, ?)";
        self.run(sql, params![partition, row.as_bytes()]).map(drop)
    }

    fn put_keyed(&self, partition: i64, definition: &TableDefinition, row: &Row) -> Result<(), DiskError> {
        let key = key_of(row, definition)?;
        let sql = "insert into rows (partition, key, row) values (?, ?, ?) \
                   on conflict (partition, key) do update set row = excluded.row";
        self.run(sql, params![partition, key, row.as_bytes()]).map(drop)
    }
}

/// A row's primary key as the file has it.
fn key_of(row: &Row, definition: &TableDefinition) -> Result<Vec<u8>, DiskError> {
    let mut key = Vec::new();
    for column in key_columns(row, definition) {
        let (index, bytes) = column.map_err(|error| DiskError::Damaged(error.to_string()))?;
        key.extend_from_slice(&(index as u32).to_le_bytes());
        key.extend_from_slice(bytes);
    }
    Ok(key)
}

pub(super) fn now_ms() -> i64 {
    ms(SystemTime::now())
}

pub(super) fn ms(time: SystemTime) -> i64 {
    i64::try_from(epoch_ms(time)).unwrap_or(i64::MAX)
}

pub(super) fn time(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}
