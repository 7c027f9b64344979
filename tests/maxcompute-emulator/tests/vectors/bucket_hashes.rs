use maxcompute_emulator::record::{BucketHasher, bucket_of, combine};

use super::source::load;
use super::wire_value::{from_json, types_of};

#[test]
fn every_key_hashes_as_in_the_java_sdk() {
    for vector in load("hash.json") {
        let hasher = match vector["hasher"].as_str() {
            Some("default") => BucketHasher::Default,
            Some("legacy") => BucketHasher::Legacy,
            other => panic!("hasher {other:?}"),
        };
        let types = types_of(&vector["types"]);
        let values = vector["values"].as_array().expect("values");
        let hashes: Vec<i32> = types
            .iter()
            .zip(values)
            .map(|(data_type, json)| {
                let mut bytes = Vec::new();
                let value = from_json(data_type, json);
                let bytes = value.map(|value| {
                    value.encode(&mut bytes);
                    bytes.as_slice()
                });
                hasher.hash_column(data_type, bytes).expect("hash")
            })
            .collect();
        let expected: Vec<i32> =
            serde_json::from_value(vector["java_column_hashes"].clone()).expect("column hashes");
        assert_eq!(hashes, expected, "{vector}");
        let combined = combine(hashes);
        assert_eq!(i64::from(combined), vector["combined_java"].as_i64().expect("hash"), "{vector}");
        for (buckets, bucket) in vector["bucket"].as_object().expect("buckets") {
            let buckets = buckets.parse().expect("number of buckets");
            assert_eq!(u64::from(bucket_of(combined, buckets)), bucket.as_u64().expect("bucket"), "{vector}");
        }
    }
}
