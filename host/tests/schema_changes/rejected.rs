//! A row that the sink cannot write.

use serde_json::json;

use crate::world::{World, rows, schema};

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_row_is_told_with_its_key_and_the_value_that_does_not_fit() {
    let mut world = World::new(
        "lenient",
        json!([[
            schema("t", 1, &["id int!", "v string"]),
            rows("t", &[json!([1, "good"]), json!([2, "bad"]), json!([3, null])])
        ]]),
    );
    world.sink = "  reject: bad".into();
    let error = world.fails().await;
    assert!(
        error.contains(
            "table shop.t: row (id = 2) cannot be written: column v = 'bad': rejected as asked [scripted.reject]"
        ),
        "{error}"
    );
    assert_eq!(world.history(), []);
}
