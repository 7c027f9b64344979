//! The queries of a snapshot.
//!
//! Keys are compared by the server, in the order of its own collations. A tuple comparison is written as the expansion
//! that the optimiser turns into ranges of the primary key: `a > ? OR (a = ? AND b > ?)`.

use cdc_plugin::host::mysql::Parameter;

use crate::column::Kind;
use crate::position::{KeyTuple, KeyValue};
use crate::table::Table;

/// A query with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Sql {
    /// With `?` for each parameter.
    pub text: String,
    /// In their order.
    pub parameters: Vec<Parameter>,
}

// === impl Sql ===

impl Sql {
    /// The largest key.
    #[must_use]
    pub fn last_key(table: &Table) -> Self {
        let order: Vec<_> = key_names(table).map(|name| format!("{name} DESC")).collect();
        Self {
            text: format!("{} ORDER BY {} LIMIT 1", select_key(table), order.join(", ")),
            parameters: Vec::new(),
        }
    }

    /// The key of the row that is the `rows`-th after `lower` (exclusive) and not beyond `end`.
    #[must_use]
    pub fn bound(table: &Table, lower: Option<&KeyTuple>, end: &KeyTuple, rows: u64) -> Self {
        let mut sql = Self { text: select_key(table), parameters: Vec::new() };
        sql.range(table, lower, end);
        let order: Vec<_> = key_names(table).collect();
        let offset = rows.saturating_sub(1);
        sql.text.push_str(&format!(" ORDER BY {} LIMIT 1 OFFSET {offset}", order.join(", ")));
        sql
    }

    /// All columns of the rows after `lower` (exclusive) up to `upper` (inclusive), in key order.
    #[must_use]
    pub fn chunk(table: &Table, lower: Option<&KeyTuple>, upper: &KeyTuple) -> Self {
        let text = format!("SELECT {} FROM {} FORCE INDEX (PRIMARY)", columns(table), name(table));
        let mut sql = Self { text, parameters: Vec::new() };
        sql.range(table, lower, upper);
        let order: Vec<_> = key_names(table).collect();
        sql.text.push_str(&format!(" ORDER BY {}", order.join(", ")));
        sql
    }

    /// All columns of all rows.
    #[must_use]
    pub fn whole(table: &Table) -> Self {
        Self { text: format!("SELECT {} FROM {}", columns(table), name(table)), parameters: Vec::new() }
    }

    fn range(&mut self, table: &Table, lower: Option<&KeyTuple>, upper: &KeyTuple) {
        self.text.push_str(" WHERE ");
        if let Some(lower) = lower {
            self.compare(table, ">", ">", lower);
            self.text.push_str(" AND ");
        }
        self.compare(table, "<", "<=", upper);
    }

    /// `last` compares the last column, `before` those before it.
    fn compare(&mut self, table: &Table, before: &str, last: &str, bound: &KeyTuple) {
        let columns: Vec<_> = table.key.iter().filter_map(|index| table.columns.get(*index)).collect();
        self.text.push('(');
        for length in 1..=columns.len() {
            self.text.push_str(if length > 1 { " OR (" } else { "(" });
            for (index, (column, value)) in columns.iter().zip(bound).take(length).enumerate() {
                if index > 0 {
                    self.text.push_str(" AND ");
                }
                let operator = match (index + 1 == length, length == columns.len()) {
                    (false, _) => "=",
                    (true, false) => before,
                    (true, true) => last,
                };
                if let Some(numbers) = numbers(&column.kind, operator, value) {
                    self.text.push_str(&format!("{} IN ({numbers})", quote(&column.name)));
                    continue;
                }
                let bound = literal(&column.kind, value).unwrap_or_else(|| {
                    self.parameters.push(parameter(value));
                    placeholder(&column.kind)
                });
                self.text.push_str(&format!("{} {operator} {bound}", quote(&column.name)));
            }
            self.text.push(')');
        }
        self.text.push(')');
    }
}

/// The numbers of an ENUM that are above or below a value: the optimiser makes ranges of the primary key of them, but not
/// of a comparison.
fn numbers(kind: &Kind, operator: &str, value: &KeyValue) -> Option<String> {
    // A longer list costs more than it saves.
    const MOST: u64 = 255;
    let (Kind::Enum { members, .. }, KeyValue::Unsigned(value)) = (kind, value) else { return None };
    let last = members.len() as u64;
    let (value, numbers) = (*value, 0..=last);
    let wanted: Vec<_> = match operator {
        _ if last > MOST => return None,
        ">" => numbers.filter(|number| *number > value).collect(),
        "<" => numbers.filter(|number| *number < value).collect(),
        "<=" => numbers.filter(|number| *number <= value).collect(),
        _ => return None,
    };
    // No number is NULL: nothing is above the last one.
    let wanted: Vec<_> = wanted.iter().map(u64::to_string).collect();
    Some(if wanted.is_empty() { "NULL".to_owned() } else { wanted.join(", ") })
}

/// The value of a TIME as the statement's own text: MySQL 9.7 takes a parameter beyond 24 hours, `CAST(? AS TIME(6))`, for
/// 00:00:00.
fn literal(kind: &Kind, value: &KeyValue) -> Option<String> {
    let (Kind::Time { .. }, KeyValue::Text(text)) = (kind, value) else { return None };
    let is_time = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b':' | b'.'));
    is_time.then(|| format!("TIME'{text}'"))
}

/// A parameter in the type of the column it is compared with; a bare text beside a decimal or a date would be compared as
/// a floating-point number or as text. BIT, ENUM, SET and YEAR are compared with numbers, in which order they are stored.
fn placeholder(kind: &Kind) -> String {
    match *kind {
        Kind::Decimal { precision, scale } => format!("CAST(? AS DECIMAL({precision}, {scale}))"),
        Kind::Date => "CAST(? AS DATE)".to_owned(),
        Kind::Time { .. } => "CAST(? AS TIME(6))".to_owned(),
        Kind::DateTime { .. } | Kind::Timestamp { .. } => "CAST(? AS DATETIME(6))".to_owned(),
        Kind::Binary { .. } | Kind::Varbinary { .. } | Kind::Blob => "UNHEX(?)".to_owned(),
        _ => "?".to_owned(),
    }
}

fn parameter(value: &KeyValue) -> Parameter {
    match value {
        KeyValue::Binary(bytes) => Parameter::Text(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        other => other.parameter(),
    }
}

/// The table's own name, quoted.
#[must_use]
pub fn name(table: &Table) -> String {
    format!("{}.{}", quote(&table.database), quote(&table.name))
}

fn select_key(table: &Table) -> String {
    let names: Vec<_> = key_names(table).collect();
    format!("SELECT {} FROM {} FORCE INDEX (PRIMARY)", names.join(", "), name(table))
}

fn key_names(table: &Table) -> impl Iterator<Item = String> {
    table.key.iter().filter_map(|index| table.columns.get(*index)).map(|column| quote(&column.name))
}

fn columns(table: &Table) -> String {
    table.columns.iter().map(|column| quote(&column.name)).collect::<Vec<_>>().join(", ")
}

fn quote(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::Charset;
    use crate::column::ColumnDef;
    use crate::server::discovery::{Described, Listed};

    fn table(key: &[(&str, Kind)]) -> Table {
        let listed = Listed {
            database: "d`b".into(),
            name: "t".into(),
            rows: None,
            row_bytes: None,
            comment: String::new(),
            charset: "utf8mb4".into(),
        };
        let column = |(name, kind): &(&str, Kind)| ColumnDef {
            name: (*name).to_owned(),
            kind: kind.clone(),
            declared: String::new(),
            nullable: false,
            comment: None,
        };
        let columns: Vec<_> = key.iter().chain(&[("v", Kind::Double)]).map(column).collect();
        Table::new(&listed, Described { columns, key: (0..key.len()).collect() }, false)
    }

    #[test]
    fn a_chunk_of_one_column_is_a_plain_range() {
        let table = table(&[("id", Kind::Int { unsigned: false })]);
        let sql = Sql::chunk(&table, Some(&vec![KeyValue::Signed(1)]), &vec![KeyValue::Signed(9)]);
        assert_eq!(
            sql.text,
            "SELECT `id`, `v` FROM `d``b`.`t` FORCE INDEX (PRIMARY) WHERE ((`id` > ?)) AND ((`id` <= ?)) ORDER BY `id`"
        );
        assert_eq!(sql.parameters, [Parameter::Signed(1), Parameter::Signed(9)]);
    }

    #[test]
    fn a_composite_key_is_compared_column_by_column() {
        let table =
            table(&[("a", Kind::Decimal { precision: 9, scale: 2 }), ("b", Kind::Binary { length: 2 })]);
        let bound = vec![KeyValue::Text("1.50".into()), KeyValue::Binary(vec![0, 255])];
        let sql = Sql::bound(&table, None, &bound, 100);
        assert_eq!(
            sql.text,
            "SELECT `a`, `b` FROM `d``b`.`t` FORCE INDEX (PRIMARY) WHERE ((`a` < CAST(? AS DECIMAL(9, 2))) OR (`a` = \
             CAST(? AS DECIMAL(9, 2)) AND `b` <= UNHEX(?))) ORDER BY `a`, `b` LIMIT 1 OFFSET 99"
        );
        assert_eq!(sql.parameters.len(), 3);
        assert_eq!(sql.parameters[2], Parameter::Text("00ff".into()));
    }

    #[test]
    fn keys_of_each_type_are_compared_in_the_order_they_are_stored_in() {
        let members = crate::members::Members::new(["z", "y", "x"].map(str::to_owned));
        let one = |kind: Kind, lower: KeyValue, upper: KeyValue| {
            let sql = Sql::chunk(&table(&[("k", kind)]), Some(&vec![lower]), &vec![upper]);
            let range = sql.text.split_once(" WHERE ").unwrap().1.split_once(" ORDER").unwrap().0.to_owned();
            (range, sql.parameters)
        };
        let numbers = |lower, upper| (KeyValue::Unsigned(lower), KeyValue::Unsigned(upper));
        let (lower, upper) = numbers(1, 2);
        let (range, parameters) =
            one(Kind::Enum { members: members.clone(), charset: Charset::Utf8 }, lower, upper);
        assert_eq!((range.as_str(), parameters.len()), ("((`k` IN (2, 3))) AND ((`k` IN (0, 1, 2)))", 0));
        let (lower, upper) = numbers(3, 3);
        assert!(
            one(Kind::Enum { members: members.clone(), charset: Charset::Utf8 }, lower, upper)
                .0
                .starts_with("((`k` IN (NULL)))")
        );
        for kind in
            [Kind::Set { members, charset: Charset::Utf8, as_text: true }, Kind::Year, Kind::Bit { bits: 12 }]
        {
            let (lower, upper) = numbers(0, 5);
            let expected = vec![Parameter::Unsigned(0), Parameter::Unsigned(5)];
            assert_eq!(one(kind, lower, upper), ("((`k` > ?)) AND ((`k` <= ?))".to_owned(), expected));
        }
        let (lower, upper) = ("-00:00:01.500000", "00:00:00.000000");
        let (range, parameters) = one(
            Kind::Time { precision: 1 },
            KeyValue::Text(lower.to_owned()),
            KeyValue::Text(upper.to_owned()),
        );
        assert_eq!(range, "((`k` > TIME'-00:00:01.500000')) AND ((`k` <= TIME'00:00:00.000000'))");
        assert_eq!(parameters, []);
    }
}
