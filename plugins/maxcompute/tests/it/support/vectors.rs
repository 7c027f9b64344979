//! Protocol vectors: `tests/vectors`, or the directory of the same shape that `CDC_VECTORS` names.

use std::path::PathBuf;

use cdc_plugin::batch::{BatchBuilder, ColumnBuilder};
use cdc_plugin::types::{Batch, Column, DecimalType, LogicalType, RowKind, TableId, TableSchema, TypeNode};
use cdc_plugin_maxcompute::shape::{OdpsType, TargetColumn, column_type};
use serde_json::Value;

pub(crate) fn load(name: &str) -> Vec<Value> {
    let directory = std::env::var_os("CDC_VECTORS").map_or_else(own_directory, PathBuf::from);
    let path = directory.join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let Value::Array(cases) = serde_json::from_str(&text).unwrap() else { panic!("{name} is no list") };
    assert!(!cases.is_empty(), "{name} is empty");
    cases
}

/// That of the workspace, from whichever of its packages.
fn own_directory() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut above = package.ancestors().map(|directory| directory.join("tests/vectors"));
    above.find(|directory| directory.is_dir()).unwrap()
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(crate) fn types(case: &Value) -> Vec<OdpsType> {
    let types = case["types"].as_array().unwrap();
    types.iter().map(|text| OdpsType::parse(text.as_str().unwrap()).unwrap()).collect()
}

/// The logical type that becomes this type; none for types that the sink never writes. The scale of decimals is given:
/// the vectors write decimals with fewer digits than their type has.
pub(crate) fn nodes(r#type: &OdpsType, scale: Option<u8>) -> Option<Vec<TypeNode>> {
    use LogicalType as T;
    let one = |r#type| vec![TypeNode { field: None, type_: r#type, nullable: true }];
    Some(match r#type {
        OdpsType::Boolean => one(T::Boolean),
        OdpsType::Tinyint => one(T::Tinyint),
        OdpsType::Smallint => one(T::Smallint),
        OdpsType::Int => one(T::Int),
        OdpsType::Bigint => one(T::Bigint),
        OdpsType::Float => one(T::Float),
        OdpsType::Double => one(T::Double),
        OdpsType::Decimal(precision, own) => {
            one(T::Decimal(DecimalType { precision: (*precision).min(38), scale: scale.unwrap_or(*own) }))
        }
        OdpsType::String | OdpsType::Char(_) | OdpsType::Varchar(_) | OdpsType::Json => one(T::String),
        OdpsType::Binary => one(T::Bytes),
        OdpsType::Date => one(T::Date),
        OdpsType::Timestamp => one(T::TimestampLtz(9)),
        OdpsType::TimestampNtz => one(T::Timestamp(9)),
        OdpsType::Array(element) => [one(T::Array), nodes(element, scale)?].concat(),
        OdpsType::Map(key, value) => [one(T::Map), nodes(key, scale)?, nodes(value, scale)?].concat(),
        OdpsType::Struct(fields) => {
            let mut all = one(T::Row(fields.len() as u32));
            for (name, field) in fields {
                let mut field = nodes(field, scale)?;
                field[0].field = Some(name.clone());
                all.extend(field);
            }
            all
        }
        OdpsType::Datetime | OdpsType::Other(_) => return None,
    })
}

/// A table of columns `c0`, `c1`, … of the types, and the target that the sink would create for it.
pub(crate) fn schema(
    types: &[OdpsType],
    scale: Option<u8>,
    primary_key: &[&str],
) -> Option<(TableSchema, Vec<TargetColumn>)> {
    let columns = types.iter().enumerate().map(|(index, r#type)| {
        Some(Column { name: format!("c{index}"), nodes: nodes(r#type, scale)?, comment: None })
    });
    let columns = columns.collect::<Option<Vec<_>>>()?;
    let target = described(&columns);
    let key = columns.iter().enumerate().filter(|(_, column)| primary_key.contains(&column.name.as_str()));
    let key = key.map(|(index, _)| index as u32).collect();
    Some((TableSchema::new(TableId::in_schema("s", "t"), columns, key), target))
}

/// The table as MaxCompute would describe it: names in another case, every column nullable.
pub(crate) fn described(columns: &[Column]) -> Vec<TargetColumn> {
    columns
        .iter()
        .map(|column| TargetColumn {
            name: column.name.to_uppercase(),
            r#type: column_type(column).unwrap(),
            nullable: true,
            comment: String::new(),
        })
        .collect()
}

/// Push one wire value to the builder of its node and to those below; returns how many nodes it has.
pub(crate) fn push(nodes: &[TypeNode], builders: &mut [ColumnBuilder], value: &Value) -> usize {
    let (builder, below) = builders.split_first_mut().unwrap();
    let children = &nodes[1..];
    let width = |nodes: &[TypeNode]| subtree(nodes);
    match &nodes[0].type_ {
        LogicalType::Array => {
            let width = width(children);
            if value.is_null() {
                builder.push_null();
            } else {
                for element in value.as_array().unwrap() {
                    push(children, below, element);
                }
                builder.push_nested(below[0].rows() as u32);
            }
            1 + width
        }
        LogicalType::Map => {
            let key_width = width(children);
            let value_width = width(&children[key_width..]);
            if value.is_null() {
                builder.push_null();
            } else {
                for key in value["keys"].as_array().unwrap() {
                    push(children, below, key);
                }
                let (_, values) = below.split_at_mut(key_width);
                for element in value["values"].as_array().unwrap() {
                    push(&children[key_width..], values, element);
                }
                builder.push_nested(below[0].rows() as u32);
            }
            1 + key_width + value_width
        }
        LogicalType::Row(fields) => {
            if value.is_null() {
                builder.push_null();
            } else {
                builder.push_nested(0);
            }
            let mut at = 0;
            for field in 0..*fields as usize {
                // A null row still has a slot in each of its children.
                let inner = if value.is_null() { &Value::Null } else { &value["fields"][field] };
                at += push(&children[at..], &mut below[at..], inner);
            }
            1 + at
        }
        scalar => {
            push_scalar(scalar, builder, value);
            1
        }
    }
}

fn subtree(nodes: &[TypeNode]) -> usize {
    let mut at = 1;
    for _ in 0..nodes[0].type_.children() {
        at += subtree(&nodes[at..]);
    }
    at
}

fn push_scalar(r#type: &LogicalType, builder: &mut ColumnBuilder, value: &Value) {
    use LogicalType as T;
    if value.is_null() {
        return builder.push_null();
    }
    let integer = || value.as_i64().unwrap();
    match r#type {
        T::Boolean => builder.push_i8(i8::from(value.as_bool().unwrap())),
        T::Tinyint => builder.push_i8(integer().try_into().unwrap()),
        T::Smallint => builder.push_i16(integer().try_into().unwrap()),
        T::Int | T::Date => builder.push_i32(integer().try_into().unwrap()),
        T::Bigint => builder.push_i64(integer()),
        T::Float => {
            let bytes = hex(value["f32_le_hex"].as_str().unwrap());
            builder.push_f32(f32::from_le_bytes(bytes.try_into().unwrap()));
        }
        T::Double => {
            let bytes = hex(value["f64_le_hex"].as_str().unwrap());
            builder.push_f64(f64::from_le_bytes(bytes.try_into().unwrap()));
        }
        T::Decimal(decimal) => {
            builder.push_decimal(unscaled(value.as_str().unwrap(), decimal.scale).unwrap());
        }
        T::String => builder.push_bytes(value.as_str().unwrap().as_bytes()),
        T::Bytes => builder.push_bytes(&hex(value["hex"].as_str().unwrap())),
        T::Timestamp(9) | T::TimestampLtz(9) => {
            let seconds = value["sec"].as_i64().unwrap();
            builder.push_i64(seconds * 1_000_000_000 + value["nano"].as_i64().unwrap());
        }
        other => panic!("no vector has {other:?}"),
    }
}

/// The digits after the point of plain notation; none for scientific notation.
pub(crate) fn scale_of(text: &str) -> Option<u8> {
    if text.contains(['e', 'E']) {
        return None;
    }
    Some(text.split_once('.').map_or(0, |(_, fraction)| fraction.len() as u8))
}

/// The unscaled value at a scale that is not smaller than the text's.
pub(crate) fn unscaled(text: &str, scale: u8) -> Option<i128> {
    let missing = scale.checked_sub(scale_of(text)?)?;
    Some(text.replace('.', "").parse::<i128>().ok()? * 10_i128.pow(missing.into()))
}

/// The first decimal text in a row of wire values, however deep.
pub(crate) fn first_decimal<'a>(r#type: &OdpsType, value: &'a Value) -> Option<&'a str> {
    match r#type {
        OdpsType::Decimal(..) => value.as_str(),
        OdpsType::Array(element) => value.as_array()?.iter().find_map(|value| first_decimal(element, value)),
        OdpsType::Map(_, element) => {
            value["values"].as_array()?.iter().find_map(|value| first_decimal(element, value))
        }
        OdpsType::Struct(fields) => {
            let values = value["fields"].as_array()?;
            fields.iter().zip(values).find_map(|((_, field), value)| first_decimal(field, value))
        }
        _ => None,
    }
}

/// Rows of wire values as a batch.
pub(crate) fn batch(schema: &TableSchema, rows: &[(RowKind, &Value)]) -> Batch {
    let mut builder = BatchBuilder::new(schema);
    for (kind, row) in rows {
        builder.row(*kind, None);
        let mut at = 0;
        for (index, column) in schema.columns.iter().enumerate() {
            at += push(&column.nodes, &mut builder.columns[at..], &row[index]);
        }
    }
    builder.finish()
}

/// The rows of a case.
pub(crate) fn rows(case: &Value) -> &Vec<Value> {
    case["rows"].as_array().unwrap()
}
