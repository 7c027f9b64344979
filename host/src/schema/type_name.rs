use std::fmt;

use super::{LogicalType, TypeNode};

/// A column's type as people write it: `DECIMAL(10, 2) NOT NULL`, `ARRAY<ROW<a INT, b STRING>>`.
#[derive(Clone, Copy, Debug)]
pub struct TypeName<'a>(pub &'a [TypeNode]);

impl fmt::Display for TypeName<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.0, out).map(drop)
    }
}

/// Write the first node with its children; returns what comes after them.
fn write<'a>(nodes: &'a [TypeNode], out: &mut fmt::Formatter<'_>) -> Result<&'a [TypeNode], fmt::Error> {
    let Some((node, mut rest)) = nodes.split_first() else { return Ok(nodes) };
    write!(out, "{}", node.logical_type)?;
    let children = node.logical_type.children();
    for child in 0..children {
        out.write_str(if child == 0 { "<" } else { ", " })?;
        if let Some(name) = rest.first().and_then(|child| child.field.as_deref()) {
            write!(out, "{name} ")?;
        }
        rest = write(rest, out)?;
    }
    if children > 0 {
        out.write_str(">")?;
    }
    if !node.nullable {
        out.write_str(" NOT NULL")?;
    }
    Ok(rest)
}

impl fmt::Display for LogicalType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => out.write_str("BOOLEAN"),
            Self::Tinyint => out.write_str("TINYINT"),
            Self::Smallint => out.write_str("SMALLINT"),
            Self::Int => out.write_str("INT"),
            Self::Bigint => out.write_str("BIGINT"),
            Self::Float => out.write_str("FLOAT"),
            Self::Double => out.write_str("DOUBLE"),
            Self::Decimal { precision, scale } => write!(out, "DECIMAL({precision}, {scale})"),
            Self::Char(length) => write!(out, "CHAR({length})"),
            Self::Varchar(length) => write!(out, "VARCHAR({length})"),
            Self::String => out.write_str("STRING"),
            Self::Binary(length) => write!(out, "BINARY({length})"),
            Self::Varbinary(length) => write!(out, "VARBINARY({length})"),
            Self::Bytes => out.write_str("BYTES"),
            Self::Date => out.write_str("DATE"),
            Self::Time(digits) => write!(out, "TIME({digits})"),
            Self::Timestamp(digits) => write!(out, "TIMESTAMP({digits})"),
            Self::TimestampLtz(digits) => write!(out, "TIMESTAMP_LTZ({digits})"),
            Self::TimestampTz(digits) => write!(out, "TIMESTAMP({digits}) WITH TIME ZONE"),
            Self::Array => out.write_str("ARRAY"),
            Self::Map => out.write_str("MAP"),
            Self::Row(_) => out.write_str("ROW"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_type_reads_as_in_sql() {
        let node = |field: Option<&str>, logical_type, nullable| TypeNode {
            field: field.map(str::to_owned),
            logical_type,
            nullable,
        };
        let nodes = [
            node(None, LogicalType::Map, false),
            node(None, LogicalType::String, false),
            node(None, LogicalType::Array, true),
            node(None, LogicalType::Row(2), true),
            node(Some("a"), LogicalType::Decimal { precision: 10, scale: 2 }, true),
            node(Some("b"), LogicalType::Varchar(5), false),
        ];
        assert_eq!(
            TypeName(&nodes).to_string(),
            "MAP<STRING NOT NULL, ARRAY<ROW<a DECIMAL(10, 2), b VARCHAR(5) NOT NULL>>> NOT NULL"
        );
    }
}
