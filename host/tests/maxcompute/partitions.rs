//! Tables that a transform partitions and gives another key, through the whole host.

use serde_json::json;

use crate::script::{rows, schema};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn rows_move_between_partitions_and_keys_with_their_updates() {
    let columns = ["id int!", "day string", "code string!"];
    let at_first = json!([["+", [1, "a", "x"]], ["+", [2, "a", "y"]], ["+", [3, "b", "z"]]]);
    let then = json!([
        // Another partition; another key; neither.
        ["b", [1, "a", "x"]],
        ["u", [1, "b", "x"]],
        ["b", [2, "a", "y"]],
        ["u", [2, "a", "w"]],
        ["b", [3, "b", "z"]],
        ["u", [3, "b", "z"]],
    ]);
    let mut world = World::start(json!([
        [schema("keyed", &columns, 1), rows("keyed", at_first.clone())],
        [schema("plain", &columns, 0), rows("plain", at_first)],
        [rows("keyed", then.clone()), rows("plain", then)],
    ]))
    .await;
    world.blocks = "transform:\n  - source-table: shop.keyed\n    primary-keys: code\n    partition-keys: day\n    \
                    table-options: buckets-num=4,lifecycle=7\n  - source-table: shop.plain\n    partition-keys: day\n";
    world.run().await.unwrap();
    let keyed = ["1,x,b", "2,w,a", "3,z,b"];
    let plain = ["1,x,a", "1,x,b", "2,w,a", "2,y,a", "3,z,b", "3,z,b"];
    assert_eq!(world.difference(&[("keyed", &keyed), ("plain", &plain)]).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_without_a_partition_stops_the_pipeline_with_its_key_and_value() {
    let mut world = World::start(json!([
        [schema("keyed", &["id int!", "day string"], 1), rows("keyed", json!([["+", [1, "a"]]]))],
        [rows("keyed", json!([["+", [2, "a/b"]]]))],
    ]))
    .await;
    world.blocks = "transform:\n  - source-table: shop.keyed\n    partition-keys: day\n";
    let error = world.run().await.unwrap_err().to_string();
    for part in ["shop.keyed", "id = 2", "column day = ", "maxcompute.row.partition"] {
        assert!(error.contains(part), "{error}");
    }
    world.sink = "  invalid-value.policy: skip\n";
    world.run().await.unwrap();
    assert_eq!(world.difference(&[("keyed", &["1,a"])]).await, None);
}
