//! What the sink lost is written again, and nothing else.

use cdc_host::flow::{FlowError, UnknownFate};
use serde_json::json;

use crate::script::{rows, schema};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_append_tables_the_one_that_was_lost_is_replayed_for_its_checkpoint_alone() {
    let columns = ["id int", "page string"];
    let world = World::start(json!([
        [
            schema("visits", &columns, 0),
            schema("clicks", &columns, 0),
            schema("users", &["id int!", "name string"], 1),
            rows("visits", json!([["+", [1, "home"]]])),
            rows("clicks", json!([["+", [1, "buy"]]])),
            rows("users", json!([["+", [1, "ada"]]])),
        ],
        ["checkpoint"],
        [
            rows("visits", json!([["+", [2, "home"]], ["+", [2, "home"]]])),
            rows("clicks", json!([["+", [2, "buy"]]])),
            rows("users", json!([["u", [1, "bob"]]])),
        ],
        [rows("visits", json!([["+", [3, "cart"]]])), rows("clicks", json!([["+", [3, "pay"]]]))],
        ["checkpoint"],
        [rows("visits", json!([["+", [4, "paid"]]])), rows("clicks", json!([["+", [4, "bye"]]]))],
        ["checkpoint"],
    ]))
    .await;
    // The second checkpoint's session of one table is forgotten before it commits.
    let fault = "operation=get-upload path=*/tables/visits* nth=2 session-lost";
    world.warehouse.emulator.faults().add(fault.parse().unwrap());
    let error = world.run().await.unwrap_err();
    let FlowError::Unknown { table, entry, .. } = &error else { panic!("{error}") };
    assert_eq!((table.to_string().as_str(), *entry), ("shop.visits", 3));
    assert!(error.to_string().contains("request id"), "{error}");
    let clicks = ["1,buy", "2,buy", "3,pay"];
    assert_eq!(world.difference(&[("visits", &["1,home"]), ("clicks", &clicks)]).await, None);

    // Asked again it does not go on by itself.
    assert!(matches!(world.run().await, Err(FlowError::Unknown { .. })));
    world.run_with(Some(UnknownFate::Replay)).await.unwrap();
    let difference = world.difference(&[
        ("visits", &["1,home", "2,home", "2,home", "3,cart", "4,paid"]),
        ("clicks", &["1,buy", "2,buy", "3,pay", "4,bye"]),
        ("users", &["1,bob"]),
    ]);
    assert_eq!(difference.await, None);
}
