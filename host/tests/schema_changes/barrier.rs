//! A host that dies at any moment of a barrier: what came before it is committed once and first, each change is
//! applied, and what comes after it is written to the changed table.

use serde_json::{Value, json};

use crate::world::{Said, World, applied, change, committed, rows, schema, shape};

/// Rows, a statement with two changes of `t` and one of `u`, and rows again.
fn script() -> Value {
    let added = shape("t", 2, &["id int!", "v string", "w int"]);
    let altered = shape("t", 3, &["id int!", "v string", "w bigint"]);
    let of_u = shape("u", 2, &["id int!", "x string"]);
    json!([
        [schema("t", 1, &["id int!", "v string"]), rows("t", &[json!([1, "a"]), json!([2, "b"])])],
        [schema("u", 1, &["id int!"]), rows("u", &[json!([1])])],
        [
            rows("t", &[json!([3, "c"])]),
            {"change": [
                change("t", "add", json!(["w int"]), added),
                change("t", "alter", json!(["w int", "w bigint"]), altered),
                change("u", "add", json!(["x string"]), of_u),
            ]},
        ],
        [rows("t", &[json!([4, "d", 40])]), rows("u", &[json!([2, "y"])])],
    ])
}

/// What a warehouse went through, whatever the checkpoints in between were.
fn check(world: &World) {
    let history = world.history();
    let mut of_t = Vec::new();
    let mut changes = Vec::new();
    for said in &history {
        match said {
            Said::Committed(table, rows) if table == "t" => of_t.extend(rows.iter().map(String::as_str)),
            Said::Applied(table, change, columns) => {
                if table == "t" {
                    assert_eq!(of_t, ["+ id=1 v=a", "+ id=2 v=b", "+ id=3 v=c"], "{history:#?}");
                }
                changes.push(applied(table, change, columns));
            }
            _ => {}
        }
    }
    changes.dedup();
    assert_eq!(
        changes,
        [
            applied("t", "add.column", "id int!, v string, w int"),
            applied("t", "alter.column.type", "id int!, v string, w bigint"),
            applied("u", "add.column", "id int!, x string"),
        ],
        "{history:#?}"
    );
    assert_eq!(of_t, ["+ id=1 v=a", "+ id=2 v=b", "+ id=3 v=c", "+ id=4 v=d w=40"]);
    assert!(history.contains(&committed("u", &["+ id=2 x=y"])), "{history:#?}");
    let entry = world.ledger();
    assert_eq!(entry["position"]["text"], "4.0");
    assert!(entry["barrier"].is_null(), "{entry:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_applied_between_the_rows_before_and_after_it() {
    let mut world = World::new("lenient", script());
    world.plays().await;
    check(&world);
    let opened: Vec<_> = world
        .said
        .iter()
        .filter_map(|said| match said {
            Said::Opened(table, version, columns) if table == "t" => Some((*version, columns.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(opened, [(1, "id int!, v string"), (3, "id int!, v string, w bigint")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_at_any_moment_of_a_barrier_applies_each_change_between_the_same_rows() {
    // After the second change too, where the third is of another table.
    for failpoint in [
        "after-barrier-ledger",
        "before-apply",
        "before-apply-record:1",
        "before-apply-record:2",
        "after-apply-record:1",
        "after-apply-record:2",
        "after-apply-record:3",
    ] {
        let mut world = World::new("lenient", script());
        world.dies_at(failpoint).await;
        let entry = world.ledger();
        let (position, done) = (entry["position"]["text"].clone(), failpoint == "after-apply-record:3");
        assert_eq!(position, if done { "3.0" } else { "2.1" }, "{failpoint}");
        world.plays().await;
        check(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sink_lost_before_a_barrier_is_written_again_and_only_then_the_change_is_applied() {
    let mut world = World::new("lenient", script());
    world.dies_at("after-barrier-ledger").await;
    assert_eq!(world.ledger()["barrier"]["applied"], 0);
    world.sink = "  gone: t".into();
    world.plays().await;
    check(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_renamed_keeps_its_shape_and_goes_on_under_its_new_name() {
    let columns = ["id int!", "v string", "w int"];
    let mut world = World::new(
        "evolve",
        json!([
            [schema("t", 1, &["id int!"]), rows("t", &[json!([1])])],
            [{"change": [change("t", "add", json!(["v string", "w int"]), shape("t", 2, &columns))]}],
            [{"change": [change("t", "rename-table", json!("n"), shape("n", 3, &columns))]}],
            [rows("n", &[json!([2, "b", 3])])],
        ]),
    );
    world.dies_at("before-apply-record:2").await;
    world.plays().await;
    assert_eq!(
        world.history(),
        [
            committed("t", &["+ id=1"]),
            applied("t", "add.column", "id int!, v string, w int"),
            applied("t", "rename.table", "id int!, v string, w int"),
            committed("n", &["+ id=2 v=b w=3"]),
        ]
    );
    let tables = world.ledger()["tables"].clone();
    assert_eq!(tables.as_array().unwrap().len(), 1, "{tables:#}");
    assert_eq!(tables[0]["sink"]["table"]["name"], "n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_emptied_between_the_rows_before_and_after() {
    let mut world = World::new(
        "evolve",
        json!([
            [schema("t", 1, &["id int!"]), rows("t", &[json!([1])])],
            [{"change": [change("t", "truncate", json!(null), shape("t", 1, &["id int!"]))]}],
            [rows("t", &[json!([2])])],
        ]),
    );
    world.plays().await;
    assert_eq!(
        world.history(),
        [committed("t", &["+ id=1"]), applied("t", "truncate.table", "id int!"), committed("t", &["+ id=2"])]
    );
}

/// A unit of `u` under way while `t` changes.
fn unit() -> Value {
    let after = shape("t", 2, &["id int!", "v string"]);
    json!([
        [schema("t", 1, &["id int!"]), schema("u", 1, &["id int!"])],
        [{"unit-begin": "u"}, rows("u", &[json!([1])]), rows("t", &[json!([1])])],
        [{"change": [change("t", "add", json!(["v string"]), after)]}],
        [rows("u", &[json!([2])]), {"unit-end": "u"}, rows("t", &[json!([2, "b"])])],
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_another_table_stays_open_over_a_barrier() {
    let mut world = World::new("lenient", unit());
    world.plays().await;
    let history = world.history();
    assert_eq!(history[..2], [committed("t", &["+ id=1"]), applied("t", "add.column", "id int!, v string")]);
    assert!(history.contains(&committed("u", &["+ id=1", "+ id=2"])), "{history:#?}");

    let mut world = World::new("lenient", unit());
    world.dies_at("after-apply-record").await;
    let entry = world.ledger();
    assert_eq!(
        (&entry["position"]["text"], &entry["held"][0]["table"]["name"]),
        (&json!("3.0"), &json!("u"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_changes_in_the_middle_of_its_own_unit_is_a_fault_of_the_source() {
    let after = shape("u", 2, &["id int!", "v string"]);
    let mut world = World::new(
        "lenient",
        json!([
            [schema("u", 1, &["id int!"]), {"unit-begin": "u"}, rows("u", &[json!([1])])],
            [{"change": [change("u", "add", json!(["v string"]), after)]}],
        ]),
    );
    let error = world.fails().await;
    assert!(error.contains("it changed shop.u in the middle of a unit"), "{error}");
}
