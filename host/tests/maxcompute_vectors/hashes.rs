//! The component sends each row of the hash vectors to the bucket that the Java SDK finds.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::types::RowKind;

use crate::component::{sink, write};
use crate::service::{Description, Service};
use crate::support::vectors::{load, push, schema, types};

#[tokio::test(flavor = "multi_thread")]
async fn each_hash_vector_is_sent_to_its_bucket() {
    let service = Service::start().await;
    let sink = sink(&service.address, "id", "key", &["compress.algorithm: raw".to_owned()]).await;
    let mut compared = 0;
    for case in load("hash.json") {
        let types = types(&case);
        let values = case["values"].as_array().unwrap();
        let names: Vec<_> = (0..types.len()).map(|index| format!("c{index}")).collect();
        let borrowed: Vec<_> = names.iter().map(String::as_str).collect();
        // No logical type becomes DATETIME; a null key has a hash and is refused; so is -2^63.
        let refused = values.iter().any(|value| value.is_null() || value.as_i64() == Some(i64::MIN));
        let Some((schema, target)) = schema(&types, None, &borrowed) else { continue };
        for (count, bucket) in case["bucket"].as_object().unwrap() {
            service.describe(Description {
                columns: target.clone(),
                key: names.clone(),
                hasher: case["hasher"].as_str().unwrap().to_owned(),
                buckets: count.parse().unwrap(),
            });
            let mut builder = BatchBuilder::new(&schema);
            builder.row(RowKind::Insert, None);
            for (index, value) in values.iter().enumerate() {
                push(&schema.columns[index].nodes, &mut builder.columns[index..], value);
            }
            let written = write(&sink, &schema, builder.finish()).await;
            let requests = service.take_rows();
            if refused {
                assert_eq!((written.rejected.len(), requests.len()), (1, 0), "{case}");
                continue;
            }
            assert!(written.rejected.is_empty(), "{case}: {:?}", written.rejected);
            assert_eq!(requests[0].parameter("bucketid"), Some(bucket.to_string().as_str()), "{case}");
            compared += 1;
        }
    }
    sink.end();
    assert!(compared > 0);
}
