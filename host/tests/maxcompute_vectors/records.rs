//! The bodies that the component sends are those of the vectors, in every compression that it has.

use cdc_plugin::types::RowKind;
use cdc_plugin_maxcompute::shape::{OdpsType, TargetColumn};
use maxcompute_emulator::content_encoding::{ContentEncoding, decode};
use serde_json::Value;

use crate::component::{sink, write};
use crate::service::{Description, Request, Service};
use crate::support::pyodps::{self, END_RECORD};
use crate::support::vectors::{batch, first_decimal, hex, load, rows, scale_of, schema, types};

const ALGORITHMS: [&str; 4] = ["raw", "zlib", "lz4", "snappy"];

/// What was sent, decompressed.
fn sent(request: &Request) -> Vec<u8> {
    let encoding = ContentEncoding::from_header(request.header("content-encoding")).unwrap();
    decode(encoding, &request.body, 1 << 20).unwrap()
}

fn append(columns: Vec<TargetColumn>) -> Description {
    Description { columns, ..Description::default() }
}

/// Whether the sink writes every row as the vector has it: decimals of one type have one scale, and -2^63 is refused.
fn is_whole(case: &Value, types: &[OdpsType]) -> bool {
    let decimal = rows(case).iter().any(|row| decimal_of(types, row).is_some());
    let smallest = rows(case).iter().any(|row| row.as_array().unwrap().contains(&i64::MIN.into()));
    !decimal && !smallest
}

fn decimal_of<'a>(types: &[OdpsType], row: &'a Value) -> Option<&'a str> {
    types.iter().zip(row.as_array().unwrap()).find_map(|(r#type, value)| first_decimal(r#type, value))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_append_vector_is_sent_in_each_compression() {
    let service = Service::start().await;
    let mut whole = 0;
    for algorithm in ALGORITHMS {
        let sink = sink(&service.address, "id", "key", &[format!("compress.algorithm: {algorithm}")]).await;
        for case in load("records_append.json") {
            let name = format!("{} {algorithm}", case["name"]);
            let types = types(&case);
            let Some((schema, target)) = schema(&types, None, &[]) else { continue };
            // An empty block is never sent.
            if !is_whole(&case, &types) || rows(&case).is_empty() {
                continue;
            }
            service.describe(append(target));
            let rows: Vec<_> = rows(&case).iter().map(|row| (RowKind::Insert, row)).collect();
            let written = write(&sink, &schema, batch(&schema, &rows)).await;
            assert!(written.rejected.is_empty(), "{name}: {:?}", written.rejected);
            let requests = service.take_rows();
            assert_eq!(requests.len(), 1, "{name}");
            let body = sent(&requests[0]);
            assert_eq!(body, hex(case["canonical_hex"].as_str().unwrap()), "{name}");
            assert_eq!(
                pyodps::with_its_checksums(&body),
                pyodps::body(&case["bodies"][algorithm]),
                "{name}: PyODPS"
            );
            let encoding = case["bodies"][algorithm]["content_encoding"].as_str();
            assert_eq!(requests[0].header("content-encoding"), encoding, "{name}");
            whole += 1;
        }
        sink.end();
    }
    assert!(whole > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_of_each_append_vector_is_sent_or_refused() {
    let service = Service::start().await;
    let sink = sink(&service.address, "id", "key", &["compress.algorithm: raw".to_owned()]).await;
    let mut compared = 0;
    for case in load("records_append.json") {
        let (name, types) = (&case["name"], types(&case));
        if schema(&types, None, &[]).is_none() {
            continue;
        }
        let canonical = hex(case["canonical_hex"].as_str().unwrap());
        let mut rest = canonical.as_slice();
        for row in rows(&case) {
            let (expected, after) = rest.split_at(end_of_record(rest));
            rest = after;
            // A decimal in scientific notation, which only PyODPS sends.
            let scale = decimal_of(&types, row).map(scale_of);
            if scale == Some(None) {
                continue;
            }
            let (schema, target) = schema(&types, scale.flatten(), &[]).unwrap();
            service.describe(append(target));
            let written = write(&sink, &schema, batch(&schema, &[(RowKind::Insert, row)])).await;
            let requests = service.take_rows();
            if let Some(rejection) = written.rejected.first() {
                assert_eq!((rejection.code.as_str(), &row[0]), ("maxcompute.row.range", &i64::MIN.into()));
                assert!(requests.is_empty());
                continue;
            }
            let body = sent(&requests[0]);
            assert_eq!(&body[..expected.len()], expected, "{name} {row}");
            assert_eq!(&body[expected.len()..][..5], [0xf0, 0xff, 0xff, 0x7f, 2], "{name} {row}");
            compared += 1;
        }
    }
    sink.end();
    assert!(compared > 0);
}

/// Length of the record at the front: its end tag and the varint behind it.
fn end_of_record(bytes: &[u8]) -> usize {
    let tag = bytes.windows(4).position(|window| window == END_RECORD).unwrap();
    let varint = bytes[tag + 4..].iter().position(|byte| byte & 0x80 == 0).unwrap();
    tag + 4 + varint + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn each_upsert_vector_is_sent_bucket_by_bucket_in_each_compression() {
    let service = Service::start().await;
    for algorithm in ALGORITHMS {
        let sink = sink(&service.address, "id", "key", &[format!("compress.algorithm: {algorithm}")]).await;
        for case in load("records_upsert.json") {
            let name = format!("{} {algorithm}", case["name"]);
            let types = types(&case);
            let key: Vec<_> =
                case["primary_key"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            let (schema, target) = schema(&types, None, &key).unwrap();
            service.describe(Description {
                columns: target,
                key: key.iter().map(|name| (*name).to_owned()).collect(),
                hasher: case["hasher"].as_str().unwrap().to_owned(),
                buckets: case["bucket_num"].as_u64().unwrap() as u32,
            });
            let raw = case["requests"]["raw"].as_array().unwrap();
            let kind = |row: &Value| match row[types.len() + 2].as_i64() {
                Some(85) => RowKind::UpdateAfter,
                _ => RowKind::Delete,
            };
            let rows: Vec<_> = raw.iter().flat_map(rows).map(|row| (kind(row), row)).collect();
            write(&sink, &schema, batch(&schema, &rows)).await;

            let requests = service.take_rows();
            assert_eq!(requests.len(), raw.len(), "{name}");
            for (at, expected) in raw.iter().enumerate() {
                let target = expected["target"].as_str().unwrap();
                let parameter = |name: &str| {
                    let rest = target.split(&format!("{name}=")).nth(1).unwrap();
                    rest.split('&').next().unwrap().to_owned()
                };
                let bucket = parameter("bucketid");
                let found = requests.iter().find(|it| it.parameter("bucketid") == Some(&bucket)).unwrap();
                assert_eq!(
                    found.parameter("record_count"),
                    Some(parameter("record_count").as_str()),
                    "{name}"
                );
                let body = sent(found);
                assert_eq!(body, hex(expected["canonical_hex"].as_str().unwrap()), "{name}, bucket {bucket}");
                let pyodps = pyodps::body(&case["requests"][algorithm][at]);
                assert_eq!(pyodps::with_its_checksums(&body), pyodps, "{name}, bucket {bucket}: PyODPS");
            }
        }
        sink.end();
    }
}
