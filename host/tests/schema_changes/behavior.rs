//! What reaches the sink under each `schema.change.behavior`, and how rows are fitted to it.

use serde_json::{Value, json};

use crate::world::{Said, World, applied, change, committed, rows, schema, shape};

/// A column is added, one is renamed, one is dropped; rows before and after each.
fn script() -> Value {
    let added = shape("t", 2, &["id int!", "v string!", "n int!"]);
    let renamed = shape("t", 3, &["id int!", "w string!", "n int!"]);
    let dropped = shape("t", 4, &["id int!", "w string!"]);
    json!([
        [schema("t", 1, &["id int!", "v string!"]), rows("t", &[json!([1, "a"])])],
        [{"change": [change("t", "add", json!(["n int!"]), added)]}],
        [rows("t", &[json!([2, "b", 20])])],
        [{"change": [change("t", "rename-column", json!(["v", "w"]), renamed)]}],
        [rows("t", &[json!([3, "c", 30])])],
        [{"change": [change("t", "drop-column", json!("n"), dropped)]}],
        [rows("t", &[json!([4, "d"])])],
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn evolve_changes_the_table_as_the_source_does() {
    let mut world = World::new("evolve", script());
    world.plays().await;
    assert_eq!(
        world.history(),
        [
            committed("t", &["+ id=1 v=a"]),
            applied("t", "add.column", "id int!, v string!, n int!"),
            committed("t", &["+ id=2 v=b n=20"]),
            applied("t", "rename.column", "id int!, w string!, n int!"),
            committed("t", &["+ id=3 w=c n=30"]),
            applied("t", "drop.column", "id int!, w string!"),
            committed("t", &["+ id=4 w=d"]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lenient_keeps_every_column_and_takes_null_where_values_end() {
    let mut world = World::new("lenient", script());
    world.plays().await;
    assert_eq!(
        world.history(),
        [
            committed("t", &["+ id=1 v=a"]),
            applied("t", "add.column", "id int!, v string!, n int"),
            committed("t", &["+ id=2 v=b n=20"]),
            applied("t", "add.column", "id int!, v string!, n int, w string"),
            applied("t", "alter.column.type", "id int!, v string, n int, w string"),
            committed("t", &["+ id=3 v=null n=30 w=c"]),
            committed("t", &["+ id=4 v=null n=null w=d"]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn try_evolve_goes_on_without_what_the_sink_does_not_support() {
    let mut world = World::new("try_evolve", script());
    world.sink = "  unsupported: add.column,drop.column".into();
    world.plays().await;
    assert_eq!(
        world.history(),
        [
            committed("t", &["+ id=1 v=a"]),
            committed("t", &["+ id=2 v=b"]),
            applied("t", "rename.column", "id int!, w string!"),
            committed("t", &["+ id=3 w=c"]),
            committed("t", &["+ id=4 w=d"]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn evolve_stops_at_what_the_sink_does_not_support_and_goes_on_there_under_another_behavior() {
    let mut world = World::new("evolve", script());
    world.sink = "  unsupported: rename.column".into();
    let error = world.fails().await;
    assert!(error.contains("table shop.t: the sink cannot apply rename.column: as asked"), "{error}");
    world.behavior = "lenient";
    world.plays().await;
    let history = world.history();
    assert_eq!(history.last(), Some(&committed("t", &["+ id=4 v=null n=null w=d"])), "{history:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exception_stops_at_any_change_with_everything_before_it_committed() {
    let mut world = World::new("exception", script());
    let error = world.fails().await;
    assert!(
        error.contains("table shop.t: add.column stops the pipeline")
            && error.contains("exclude.schema.changes"),
        "{error}"
    );
    assert_eq!(world.history(), [committed("t", &["+ id=1 v=a"])]);
    world.behavior = "evolve";
    world.plays().await;
    assert_eq!(world.history().last(), Some(&committed("t", &["+ id=4 w=d"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn ignore_drops_what_the_sink_has_no_column_for_and_stops_where_a_value_would_be_missing() {
    let mut world = World::new("ignore", script());
    let error = world.fails().await;
    assert!(error.contains("column v is NOT NULL in the sink, and the source does not have it"), "{error}");
    assert_eq!(world.history(), [committed("t", &["+ id=1 v=a"]), committed("t", &["+ id=2 v=b"])]);
    // The change that was too much waits for a behaviour that lets it through.
    world.behavior = "lenient";
    world.plays().await;
    assert_eq!(world.history().last(), Some(&committed("t", &["+ id=4 v=null w=d"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_comes_again_after_lenient_kept_it_gets_what_it_lacks() {
    let mut world = World::new(
        "lenient",
        json!([
            [schema("t", 1, &["id int!", "v string!"]), rows("t", &[json!([1, "a"])])],
            [{"change": [change("t", "drop-table", json!(null), shape("t", 1, &["id int!", "v string!"]))]}],
            [schema("t", 1, &["id int!", "w int!"]), rows("t", &[json!([2, 20])])],
        ]),
    );
    world.dies_at("after-apply-record").await;
    world.plays().await;
    assert_eq!(
        world.history(),
        [
            committed("t", &["+ id=1 v=a"]),
            applied("t", "add.column", "id int!, v string!, w int"),
            applied("t", "alter.column.type", "id int!, v string, w int"),
            committed("t", &["+ id=2 v=null w=20"]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_dropped_for_good_begins_anew() {
    let mut world = World::new(
        "evolve",
        json!([
            [schema("t", 1, &["id int!", "v string"]), rows("t", &[json!([1, "a"])])],
            [{"change": [change("t", "drop-table", json!(null), shape("t", 1, &["id int!", "v string"]))]}],
            [schema("t", 1, &["id int!", "w int"]), rows("t", &[json!([2, 20])])],
        ]),
    );
    world.plays().await;
    let created: Vec<_> = world
        .said
        .iter()
        .filter(|said| matches!(said, Said::Applied(_, change, _) if change == "create.table"))
        .collect();
    assert_eq!(
        created,
        [&applied("t", "create.table", "id int!, v string"), &applied("t", "create.table", "id int!, w int")]
    );
    assert_eq!(world.history().last(), Some(&committed("t", &["+ id=2 w=20"])));
}
