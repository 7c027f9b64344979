//! Row events of a shape that no statement announced: a start in the past, or a change that was not understood. What the
//! binlog says of the shape counts; the server's schema as it is now says the rest, as far as it agrees.

use cdc_plugin::host::Level;
use cdc_plugin::source::{Event, TableSchemaChanges};
use cdc_plugin::types::Error;

use crate::binlog::plan::{self, Collations, Plan, check_charsets};
use crate::binlog::table_map::{MappedColumn, TableMap, code};
use crate::charset::Charset;
use crate::column::{ColumnDef, Kind};
use crate::ddl::{DataType, evolve};
use crate::reader::Reader;
use crate::reader::stop::Until;
use crate::server::Host;
use crate::server::discovery::Described;
use crate::table::Table;

impl<H: Host> Reader<H> {
    /// Give the table the shape of the row events before which the tail stands.
    pub(in crate::reader) async fn reshape(&mut self) -> Result<(), Error> {
        let Some((index, map)) = self.tail.reshape().map(|(index, map)| (index, map.clone())) else {
            return Ok(());
        };
        let Some(table) = self.catalog.tables.get(index).cloned() else { return Ok(()) };
        let before = self.position()?;
        self.output.close_all(&self.catalog.tables);
        let now = self.described(&table.database, &table.name).await?;
        let charset =
            now.as_ref().map_or_else(|| table.charset.clone(), |(listed, _)| listed.charset.clone());
        let described = match now.map(|(_, described)| described) {
            Some(now) if self.fits(&now, &map) => now,
            now if map.columns.iter().all(|column| column.name.is_some()) => {
                self.told(&table, now.as_ref(), &map)?
            }
            _ => return Err(self.unknown_shape(&table, "the binlog does not tell the names of its columns")),
        };
        if !self.fits(&described, &map) {
            return Err(
                self.unknown_shape(&table, "the binlog has a column of a type that cannot be made out")
            );
        }
        let evolution = evolve::difference(&table, described, charset)
            .map_err(|refused| self.unknown_shape(&table, &refused.to_string()))?;
        for change in &evolution.changes {
            let fields = [("table", change.table.to_string()), ("at", self.tail.place.to_string())];
            self.server.log(Level::Info, "row events show that a table was changed", &fields);
        }
        self.replace(index, evolution.table)?;
        self.tail.reshaped();
        // As with a statement, what comes after its end is no business of a replay.
        let replayed = self.passed_stop && matches!(self.until, Until::At(_));
        if evolution.changes.is_empty() || replayed {
            return Ok(());
        }
        let Some(before) = before else {
            return Err(Error::transient(
                "mysql.position",
                "a table was changed where the reader has no position; it has to go on from the last one",
            ));
        };
        let event = Event::SchemaChange(TableSchemaChanges { before, changes: evolution.changes });
        self.output.end_with(&self.catalog.tables, event);
        Ok(())
    }

    fn fits(&self, described: &Described, map: &TableMap) -> bool {
        Plan::new(&described.columns, &described.key, map).is_ok()
            && check_charsets(&described.columns, map, &self.tail.collations).is_ok()
    }

    /// The table as the binlog tells it.
    fn told(&self, table: &Table, now: Option<&Described>, map: &TableMap) -> Result<Described, Error> {
        let collations = &self.tail.collations;
        let mut columns = Vec::with_capacity(map.columns.len());
        for (index, mapped) in map.columns.iter().enumerate() {
            let name = mapped.name.clone().unwrap_or_default();
            let find = |columns: &[ColumnDef]| {
                columns
                    .iter()
                    .find(|column| column.name == name && plan::fits(column, mapped, collations))
                    .cloned()
            };
            let known = find(&table.columns).or_else(|| now.and_then(|now| find(&now.columns)));
            let key = map.key.contains(&index);
            let column = match known {
                Some(known) => Some(known),
                None => declared(mapped, collations).and_then(|declared| self.column(&name, &declared)),
            };
            let Some(mut column) = column else {
                let why =
                    format!("column `{name}` is stored as {}, which cannot be made out", mapped.type_name());
                return Err(self.unknown_shape(table, &why));
            };
            column.nullable = mapped.nullable;
            if key {
                column.kind = column.kind.in_key();
            }
            columns.push(column);
        }
        Ok(Described { columns, key: map.key.clone() })
    }

    fn column(&self, name: &str, declared: &str) -> Option<ColumnDef> {
        let declaration = DataType::from_declared(declared)?.declaration("utf8mb4");
        let kind = Kind::from_declaration(&declaration, self.server.options.reading).ok()?;
        Some(ColumnDef {
            name: name.to_owned(),
            kind,
            declared: declaration.canonical(),
            nullable: true,
            comment: None,
        })
    }

    fn unknown_shape(&self, table: &Table, why: &str) -> Error {
        let mismatch = self.tail.mismatch().unwrap_or_default();
        Error::permanent(
            "mysql.schema-changed",
            format!(
                "table {table} is not at {} what is known of it: {mismatch}; {why}. Start anew with an empty state directory, \
                 after SET PERSIST binlog_row_metadata = 'FULL' if the server has not got it",
                self.tail.place
            ),
        )
    }
}

/// The type of a column in MySQL's words, as far as the binlog tells it.
fn declared(mapped: &MappedColumn, collations: &Collations) -> Option<String> {
    let unsigned = if mapped.unsigned == Some(true) { " unsigned" } else { "" };
    let [low, high] = mapped.meta.to_le_bytes();
    let charset = mapped.collation.and_then(|id| collations.get(&id));
    let binary = charset.is_none_or(|(name, _)| name == "binary");
    // Lengths are in bytes.
    let text = |text: &str, bytes: &str, length: u16| match charset {
        Some((name, widest)) if !binary => format!("{text}({}) {name}", u64::from(length) / (*widest).max(1)),
        _ => format!("{bytes}({length})"),
    };
    let fraction = |name: &str| format!("{name}({low})");
    Some(match mapped.code {
        code::TINY => format!("tinyint{unsigned}"),
        code::SHORT => format!("smallint{unsigned}"),
        code::INT24 => format!("mediumint{unsigned}"),
        code::LONG => format!("int{unsigned}"),
        code::LONGLONG => format!("bigint{unsigned}"),
        code::FLOAT => "float".to_owned(),
        code::DOUBLE => "double".to_owned(),
        code::NEWDECIMAL => format!("decimal({low},{high})"),
        code::BIT => format!("bit({})", u16::from(low) + u16::from(high) * 8),
        code::YEAR => "year".to_owned(),
        code::DATE => "date".to_owned(),
        code::TIME2 => fraction("time"),
        code::DATETIME2 => fraction("datetime"),
        code::TIMESTAMP2 => fraction("timestamp"),
        code::VARCHAR => text("varchar", "varbinary", mapped.meta),
        code::STRING => match mapped.string() {
            (real @ (code::ENUM | code::SET), _) => {
                let (name, _) = charset?;
                let encoding = Charset::from_name(name)?;
                let list: Option<Vec<String>> = mapped.members.as_ref().map(|members| {
                    members
                        .iter()
                        .map(|member| format!("'{}'", encoding.text(member).replace('\'', "''")))
                        .collect()
                });
                let word = if real == code::ENUM { "enum" } else { "set" };
                format!("{word}({}) {name}", list?.join(","))
            }
            (_, length) => text("char", "binary", length),
        },
        code::BLOB => {
            let size = ["tiny", "", "medium", "long"].get(usize::from(low.checked_sub(1)?))?;
            match charset {
                Some((name, _)) if !binary => format!("{size}text {name}"),
                _ => format!("{size}blob"),
            }
        }
        code::JSON => "json".to_owned(),
        code::GEOMETRY => "geometry".to_owned(),
        code::VECTOR => "vector".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(code: u8, meta: u16, collation: Option<u64>) -> MappedColumn {
        MappedColumn { code, meta, nullable: true, collation, unsigned: None, name: None, members: None }
    }

    #[test]
    fn types_are_declared_as_far_as_the_binlog_tells_them() {
        let collations: Collations =
            [(255, ("utf8mb4".to_owned(), 4)), (8, ("latin1".to_owned(), 1)), (63, ("binary".to_owned(), 1))]
                .into();
        let text = |column: &MappedColumn| declared(column, &collations).unwrap();
        let unsigned = MappedColumn { unsigned: Some(true), ..mapped(code::LONG, 0, None) };
        assert_eq!(text(&unsigned), "int unsigned");
        assert_eq!(text(&mapped(code::NEWDECIMAL, u16::from_le_bytes([10, 2]), None)), "decimal(10,2)");
        assert_eq!(text(&mapped(code::BIT, u16::from_le_bytes([5, 1]), None)), "bit(13)");
        assert_eq!(text(&mapped(code::DATETIME2, 6, None)), "datetime(6)");
        assert_eq!(text(&mapped(code::VARCHAR, 400, Some(255))), "varchar(100) utf8mb4");
        assert_eq!(text(&mapped(code::VARCHAR, 400, Some(63))), "varbinary(400)");
        assert_eq!(text(&mapped(code::STRING, u16::from_le_bytes([0xfe, 3]), Some(8))), "char(3) latin1");
        assert_eq!(text(&mapped(code::BLOB, 4, Some(8))), "longtext latin1");
        assert_eq!(text(&mapped(code::BLOB, 2, Some(63))), "blob");
        let members = Some(vec![b"a".to_vec(), b"it's".to_vec()]);
        let list = mapped(code::STRING, u16::from_le_bytes([code::ENUM, 1]), Some(255));
        assert_eq!(text(&MappedColumn { members, ..list }), "enum('a','it''s') utf8mb4");
        assert_eq!(declared(&mapped(code::TIMESTAMP, 0, None), &collations), None);
    }
}
