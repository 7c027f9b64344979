//! What comes from outside never breaks the emulator: it is understood or refused.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a broken setup must fail the test")]

use maxcompute_emulator::Fault;
use maxcompute_emulator::content_encoding::{ContentEncoding, decode, encode};
use maxcompute_emulator::record::{RecordReader, RecordWriter, Value};
use maxcompute_emulator::schema::{DataType, PartitionSpec};
use maxcompute_emulator::sql::parse_statements;
use proptest::prelude::*;

/// Words and symbols that SQL is made of, and noise.
fn sql() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "select",
        "from",
        "where",
        "alter",
        "table",
        "add",
        "columns",
        "change",
        "column",
        "drop",
        "partition",
        "t",
        "`t`",
        "p.t",
        "bigint",
        "string",
        "decimal(10,2)",
        "array<int>",
        "comment",
        "'x'",
        "\"y\"",
        "(",
        ")",
        ",",
        "=",
        ";",
        "1",
        "1.5e3",
        "if",
        "not",
        "exists",
        "cast",
        "as",
        "like",
        "with",
        "join",
        "on",
        "/",
        "div",
        "*",
        "count",
        "--",
        "/*",
        "*/",
        "`",
        "'",
        "\\",
        "中",
        "\0",
    ]);
    prop::collection::vec(word, 0..25).prop_map(|words| words.join(" "))
}

fn data_type() -> impl Strategy<Value = DataType> {
    let simple = prop::sample::select(vec![
        "tinyint",
        "bigint",
        "boolean",
        "float",
        "double",
        "string",
        "binary",
        "json",
        "date",
        "datetime",
        "timestamp",
        "timestamp_ntz",
        "char(3)",
        "varchar(9)",
        "decimal(10,2)",
        "decimal",
        "interval_day_time",
    ]);
    let simple = simple.prop_map(|text| text.parse::<DataType>().expect("a type"));
    simple.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|element| DataType::Array(Box::new(element))),
            (inner.clone(), inner.clone())
                .prop_map(|(key, value)| DataType::Map(Box::new(key), Box::new(value))),
            prop::collection::vec(("[a-z ]{1,4}", inner), 1..4).prop_map(|fields| {
                let field = |(name, data_type)| maxcompute_emulator::schema::StructField { name, data_type };
                DataType::Struct(fields.into_iter().map(field).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_sql_or_an_error_with_a_place(text in prop_oneof![sql(), any::<String>()]) {
        if let Err(error) = parse_statements(&text) {
            prop_assert!(error.position.line >= 1 && error.position.column >= 1);
            prop_assert!(error.to_string().starts_with("ODPS-0130161:["));
        }
    }

    #[test]
    fn any_text_is_a_fault_or_an_error(text in "([a-z-]{1,12}(=[^ ]{0,9})? ?){0,5}|\\PC*") {
        if let Ok(fault) = text.parse::<Fault>() {
            let again: Fault = fault.to_string().parse().expect("it was one before");
            prop_assert_eq!(again.to_string(), fault.to_string());
        }
    }

    #[test]
    fn a_type_is_read_back_from_its_text(data_type in data_type()) {
        prop_assert_eq!(data_type.to_string().parse::<DataType>().expect("its own text"), data_type.clone());
        prop_assert!(data_type.widens_to(&data_type));
    }

    #[test]
    fn any_text_is_a_partition_or_an_error(text in "\\PC*") {
        if let Ok(spec) = PartitionSpec::parse(&text) {
            prop_assert!(spec.values().iter().all(|(_, value)| !value.is_empty()));
        }
    }

    #[test]
    fn any_bytes_are_records_or_an_error(
        data_type in data_type(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let read = |stream: &[u8]| {
            let types = ["bigint".parse().expect("a type"), data_type.clone()];
            let mut reader = RecordReader::new(&types, stream);
            while let Ok(Some(record)) = reader.next_record() {
                record.value(1).ok();
            }
        };
        read(&bytes);
        // A stream that is right but for one byte gets further in.
        let mut writer = RecordWriter::new();
        let mut value = Vec::new();
        Value::Integer(7).encode(&mut value);
        writer.column(1, &"bigint".parse().expect("a type"), &value).expect("a value");
        writer.end_record();
        let mut stream = writer.finish();
        let at = at.index(stream.len());
        stream[at] = to;
        read(&stream);
    }

    #[test]
    fn any_bytes_are_decompressed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in any::<prop::sample::Index>()) {
        for name in ["deflate", "x-snappy-framed", "x-lz4-frame", "zstd"] {
            let encoding = ContentEncoding::from_header(Some(name)).expect("a known one");
            decode(encoding, &bytes, 10_000).ok();
            let sent = encode(encoding, bytes.clone()).expect("compressed");
            prop_assert_eq!(&decode(encoding, &sent, 10_000).expect("its own"), &bytes);
            decode(encoding, &sent[..cut.index(sent.len() + 1)], 10_000).ok();
        }
    }
}
