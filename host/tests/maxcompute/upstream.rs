//! Cases of Flink CDC's own tests of this sink, through the whole host.

use serde_json::json;

use crate::script::{change, rows, schema, shape};
use crate::world::World;

/// `MaxComputeE2eITCase.testSingleSplitSingleTable`.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_follows_three_changes_of_its_columns_with_a_delete_and_an_update() {
    let at_first = ["col1 string!", "col2 string"];
    let added = shape("table1", 2, &["col1 string!", "col2 string", "col3 string"], 1);
    let renamed = shape("table1", 4, &["col1 string!", "newCol2 string", "newCol3 string"], 1);
    let dropped = shape("table1", 5, &["col1 string!", "newCol3 string"], 1);
    let mut world = World::start(json!([
        [
            schema("table1", &at_first, 1),
            rows("table1", json!([["+", ["1", "1"]], ["+", ["2", "2"]], ["+", ["3", "3"]]])),
        ],
        [change("table1", "add", json!(["col3 string"]), added.clone())],
        [change(
            "table1",
            "rename-column",
            json!(["col2", "newCol2"]),
            shape("table1", 3, &["col1 string!", "newCol2 string", "col3 string"], 1)
        )],
        [change("table1", "rename-column", json!(["col3", "newCol3"]), renamed)],
        [change("table1", "drop-column", json!("newCol2"), dropped)],
        [rows("table1", json!([["-", ["1", null]], ["u", ["2", "x"]]]))],
    ]))
    .await;
    world.sink = "  buckets-num: 8\n  compress.algorithm: raw\n";
    world.pipeline = "  parallelism: 4\n  schema.change.behavior: evolve\n";
    world.run().await.unwrap();
    assert_eq!(world.difference(&[("table1", &["2,x", "3,\\N"])]).await, None);
}
