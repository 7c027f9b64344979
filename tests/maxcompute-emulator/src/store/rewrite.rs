//! Rows of a table whose columns changed.

use crate::record::{RecordError, Row, RowBuilder, Value, put_bytes, value_text};
use crate::schema::{DataType, Evolution, TableDefinition};

/// Rewrites rows of `old` as rows of the evolved definition: moved, converted, without the dropped columns.
#[derive(Debug)]
pub(super) struct Rewrite<'a> {
    old: &'a TableDefinition,
    evolution: &'a Evolution,
    builder: RowBuilder,
}

impl<'a> Rewrite<'a> {
    pub(super) fn new(old: &'a TableDefinition, evolution: &'a Evolution) -> Self {
        Self { old, evolution, builder: RowBuilder::default() }
    }

    pub(super) fn row(&mut self, row: &Row) -> Result<Row, RecordError> {
        let mut cells: Vec<Option<&[u8]>> = vec![None; self.old.columns.len()];
        for column in row.columns(&self.old.columns) {
            let (index, bytes) = column?;
            if let Some(cell) = cells.get_mut(index) {
                *cell = Some(bytes);
            }
        }
        self.builder.clear();
        let columns = self.evolution.definition.columns.iter();
        for (at, (column, source)) in columns.zip(&self.evolution.sources).enumerate() {
            let Some(source) = source else { continue };
            if let (Some(Some(bytes)), Some(old)) = (cells.get(*source), self.old.columns.get(*source)) {
                let out = self.builder.begin_column(at, &column.data_type);
                convert(&old.data_type, &column.data_type, bytes, out)?;
            }
        }
        Ok(self.builder.finish())
    }
}

/// Appends a value as one of a wider type ([`DataType::widens_to`]).
fn convert(from: &DataType, to: &DataType, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), RecordError> {
    let value = || Value::decode(from, bytes);
    let is_text = matches!(from, DataType::Char(_) | DataType::Varchar(_) | DataType::String);
    match to {
        DataType::String if !is_text && from != to => {
            put_bytes(out, value_text(from, &value()?)?.as_bytes());
        }
        DataType::Decimal { .. } if !matches!(from, DataType::Decimal { .. }) => {
            put_bytes(out, value_text(from, &value()?)?.as_bytes());
        }
        DataType::Double | DataType::Float if from != to => {
            let number = match value()? {
                Value::Integer(number) => number as f64,
                Value::Float(bits) => f64::from(f32::from_bits(bits)),
                _ => return Err(RecordError::Malformed { offset: 0, what: "a stored number is none" }),
            };
            let wide = match to {
                DataType::Float => Value::Float((number as f32).to_bits()),
                _ => Value::Double(number.to_bits()),
            };
            wide.encode(out);
        }
        // Integers of every width, texts of every length and decimals of every scale have one encoding.
        _ => out.extend_from_slice(bytes),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(from: &str, to: &str, value: &Value) -> Value {
        let (from, to): (DataType, DataType) = (from.parse().unwrap(), to.parse().unwrap());
        assert!(from.widens_to(&to));
        let (mut bytes, mut out) = (Vec::new(), Vec::new());
        value.encode(&mut bytes);
        convert(&from, &to, &bytes, &mut out).unwrap();
        Value::decode(&to, &out).unwrap()
    }

    #[test]
    fn values_keep_their_meaning_in_the_wider_type() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(converted("tinyint", "bigint", &Value::Integer(-128)), Value::Integer(-128));
        assert_eq!(
            converted("bigint", "decimal(19,0)", &Value::Integer(i64::MAX)),
            text("9223372036854775807")
        );
        assert_eq!(converted("int", "string", &Value::Integer(-7)), text("-7"));
        assert_eq!(converted("int", "double", &Value::Integer(3)), Value::Double(3f64.to_bits()));
        assert_eq!(converted("smallint", "float", &Value::Integer(-3)), Value::Float((-3f32).to_bits()));
        assert_eq!(
            converted("float", "double", &Value::Float(0.1f32.to_bits())),
            Value::Double(f64::from(0.1f32).to_bits())
        );
        assert_eq!(converted("varchar(3)", "string", &text("中")), text("中"));
        assert_eq!(converted("decimal(4,1)", "decimal(10,3)", &text("1.5")), text("1.5"));
        assert_eq!(converted("decimal(4,1)", "string", &text("1.5")), text("1.5"));
        assert_eq!(converted("date", "string", &Value::Integer(0)), text("1970-01-01"));
    }
}
