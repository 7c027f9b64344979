use cdc_plugin::types::{DecimalType, LogicalType};

use super::*;

fn kind(column_type: &str) -> Result<Kind, Unsupported> {
    let data_type = column_type.split([' ', '(']).next().unwrap().to_owned();
    let declared = Declaration {
        data_type,
        column_type: column_type.to_owned(),
        length: Some(7),
        precision: Some(if column_type.starts_with("bit") { bits(column_type) } else { 40 }),
        scale: Some(2),
        fraction: Some(3),
        charset: Some("latin1".to_owned()),
    };
    Kind::from_declaration(&declared, Reading::default())
}

fn bits(column_type: &str) -> u64 {
    column_type.trim_start_matches("bit(").trim_end_matches(')').parse().unwrap()
}

#[test]
fn types_map_as_in_flink_cdc() {
    use LogicalType as T;
    for (declared, logical) in [
        ("tinyint(1)", T::Boolean),
        ("tinyint(1) unsigned", T::Smallint),
        ("tinyint", T::Tinyint),
        ("tinyint unsigned", T::Smallint),
        ("smallint", T::Smallint),
        ("smallint(5) unsigned zerofill", T::Int),
        ("mediumint unsigned", T::Int),
        ("int", T::Int),
        ("int unsigned", T::Bigint),
        ("bigint", T::Bigint),
        ("bigint unsigned", T::Decimal(DecimalType { precision: 20, scale: 0 })),
        ("float", T::Float),
        ("float(7,3)", T::Double),
        ("double", T::Double),
        ("decimal(40,2)", T::String),
        ("char(7)", T::Char(7)),
        ("varchar(7)", T::Varchar(7)),
        ("mediumtext", T::String),
        ("binary(7)", T::Binary(7)),
        ("varbinary(7)", T::Varbinary(7)),
        ("tinyblob", T::Bytes),
        ("date", T::Date),
        ("datetime(3)", T::Timestamp(3)),
        ("timestamp(3)", T::TimestampLtz(3)),
        ("time(3)", T::Time(3)),
        ("year", T::Int),
        ("bit(1)", T::Boolean),
        ("bit(2)", T::Binary(1)),
        ("bit(64)", T::Binary(8)),
        ("json", T::String),
        ("enum('a','B')", T::String),
        ("set('a','B')", T::Array),
        ("point", T::String),
        ("geomcollection", T::String),
        ("vector(3)", T::Array),
        ("uuid", T::String),
        ("inet6", T::String),
    ] {
        assert_eq!(kind(declared).unwrap().logical(), logical, "{declared}");
    }
}

#[test]
fn a_type_that_cannot_be_read_yet_is_named() {
    assert_eq!(kind("xmltype").unwrap_err(), Unsupported::Type("XMLTYPE".to_owned()));
    assert!(kind("enum").is_err() && kind("bit(65)").is_err());
    let declared =
        Declaration { data_type: "text".into(), charset: Some("swe7".into()), ..Declaration::default() };
    assert_eq!(
        Kind::from_declaration(&declared, Reading::default()).unwrap_err(),
        Unsupported::Charset("swe7".to_owned())
    );
}

#[test]
fn a_list_has_a_node_for_its_elements_and_none_in_a_key() {
    let kind = kind("set('a','B')").unwrap();
    let column = |kind: Kind, key| {
        let (name, declared) = ("s".to_owned(), String::new());
        ColumnDef { name, kind, declared, nullable: true, comment: None }.emitted(key)
    };
    let types = |column: Column| column.nodes.into_iter().map(|node| node.type_).collect::<Vec<_>>();
    assert_eq!(types(column(kind.clone(), false)), [LogicalType::Array, LogicalType::String]);
    assert_eq!(types(column(kind.in_key(), true)), [LogicalType::String]);
}

#[test]
fn members_that_differ_by_case_make_another_type() {
    let canonical = |column_type: &str| {
        let (data_type, column_type) = ("enum".to_owned(), column_type.to_owned());
        Declaration { data_type, column_type, ..Declaration::default() }.canonical()
    };
    assert_ne!(canonical("enum('a')"), canonical("enum('A')"));
}

#[test]
fn display_widths_do_not_make_another_type() {
    let canonical = |data_type: &str, column_type: &str| {
        let (data_type, column_type) = (data_type.to_owned(), column_type.to_owned());
        Declaration { data_type, column_type, ..Declaration::default() }.canonical()
    };
    assert_eq!(canonical("int", "int(10) unsigned"), "int unsigned");
    assert_eq!(canonical("tinyint", "tinyint(1)"), "tinyint(1)");
    assert_eq!(canonical("varchar", "varchar(10)"), "varchar(10)");
}

#[test]
fn only_dates_outside_the_key_become_nullable() {
    let mut column = ColumnDef {
        name: "d".into(),
        kind: Kind::Date,
        declared: "date".into(),
        nullable: false,
        comment: None,
    };
    assert!(column.emitted(false).nullable());
    assert!(!column.emitted(true).nullable());
    column.kind = Kind::Double;
    assert!(!column.emitted(false).nullable());
}
