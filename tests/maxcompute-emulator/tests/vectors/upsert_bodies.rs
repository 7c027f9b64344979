use maxcompute_emulator::content_encoding::{ContentEncoding, decode as decompress};
use maxcompute_emulator::record::{BucketHasher, Value, bucket_of, combine};
use serde_json::Value as Json;

use super::records::{decode, encode, expected};
use super::source::{bytes_of, load};
use super::wire_value::types_of;

fn target_parameter(request: &Json, name: &str) -> String {
    let (_, query) = request["target"].as_str().expect("target").split_once('?').expect("query");
    let found = query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    found.expect("parameter").to_owned()
}

#[test]
fn every_upsert_body_decodes_to_the_same_rows_in_every_compression() {
    for vector in load("records_upsert.json") {
        let types = types_of(&vector["wire_types"]);
        let raw = vector["requests"]["raw"].as_array().expect("raw requests");
        for (algorithm, requests) in vector["requests"].as_object().expect("requests") {
            for (request, reference) in requests.as_array().expect("requests").iter().zip(raw) {
                let name = format!("{} {algorithm}", vector["name"]);
                let encoding =
                    ContentEncoding::from_header(request["content_encoding"].as_str()).expect(&name);
                let stream = decompress(encoding, &bytes_of(&request["hex"]), 1 << 20).expect(&name);
                let rows = expected(&types, &reference["rows"]);
                assert_eq!(decode(&types, &stream).as_ref(), Ok(&rows), "{name}");
                assert_eq!(rows.len().to_string(), target_parameter(request, "record_count"), "{name}");
                assert_eq!(encode(&types, &rows), bytes_of(&reference["canonical_hex"]), "{name}");
            }
        }
    }
}

#[test]
fn every_upsert_record_hashes_to_the_bucket_of_its_request() {
    for vector in load("records_upsert.json") {
        let (types, wire_types) = (types_of(&vector["types"]), types_of(&vector["wire_types"]));
        let key: Vec<usize> =
            vector["primary_key"].as_array().expect("key").iter().map(column_number).collect();
        let buckets = vector["bucket_num"].as_u64().expect("buckets") as u32;
        for request in vector["requests"]["raw"].as_array().expect("raw requests") {
            for row in decode(&wire_types, &bytes_of(&request["hex"])).expect("rows") {
                let hashes = key.iter().map(|index| hash(&types[*index], row[*index].as_ref()));
                let bucket = bucket_of(combine(hashes), buckets);
                assert_eq!(bucket.to_string(), target_parameter(request, "bucketid"));
            }
        }
    }
}

/// The columns of the vectors are `c0`, `c1`, …
fn column_number(name: &Json) -> usize {
    name.as_str().and_then(|name| name.strip_prefix('c')?.parse().ok()).expect("a column name")
}

fn hash(data_type: &maxcompute_emulator::schema::DataType, value: Option<&Value>) -> i32 {
    let mut bytes = Vec::new();
    let bytes = value.map(|value| {
        value.encode(&mut bytes);
        bytes.as_slice()
    });
    BucketHasher::Default.hash_column(data_type, bytes).expect("hash")
}
