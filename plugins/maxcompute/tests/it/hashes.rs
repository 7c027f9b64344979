//! Rows find the bucket that the Java SDK finds.

use cdc_plugin::batch::{BatchBuilder, BatchView};
use cdc_plugin::types::RowKind;
use cdc_plugin_maxcompute::record::{Hasher, Key};
use cdc_plugin_maxcompute::shape::OdpsType;
use serde_json::Value;

use crate::support::vectors::{load, push, schema, types};

#[test]
fn each_hash_vector_is_reproduced() {
    let mut through_batches = 0;
    let cases = load("hash.json");
    for case in &cases {
        let hasher = Hasher::named(case["hasher"].as_str().unwrap()).unwrap();
        let types = types(case);
        let values = case["values"].as_array().unwrap();
        let expected = case["combined_java"].as_i64().unwrap();

        let names: Vec<_> = (0..types.len()).map(|index| format!("c{index}")).collect();
        let borrowed: Vec<_> = names.iter().map(String::as_str).collect();
        let Some((schema, _)) = schema(&types, None, &borrowed) else {
            // DATETIME: no logical type becomes it.
            assert_eq!(types, [OdpsType::Datetime]);
            let sum = hasher.int(values[0].as_i64().unwrap());
            assert_eq!(i64::from(Hasher::bucket(sum, u32::MAX)), expected, "{case}");
            continue;
        };
        let mut builder = BatchBuilder::new(&schema);
        builder.row(RowKind::Insert, None);
        for (index, value) in values.iter().enumerate() {
            push(&schema.columns[index].nodes, &mut builder.columns[index..], value);
        }
        let batch = builder.finish();
        let view = BatchView::new(&schema, &batch).unwrap();
        let bucket = |count: u32| Key::new(&schema, &names, hasher, count).unwrap().buckets(&view)[0];
        assert_eq!(i64::from(bucket(u32::MAX)), expected, "{case}");
        for (count, wanted) in case["bucket"].as_object().unwrap() {
            assert_eq!(Value::from(bucket(count.parse().unwrap())), *wanted, "{case}");
        }
        through_batches += 1;
    }
    assert!(through_batches >= cases.len() - 6, "{through_batches} of {}", cases.len());
}
