//! What the source has, and what the sink has to hold after each checkpoint.

use serde_json::{Value, json};

/// A keyed table, one with a key of two columns, and one without.
pub(crate) const TABLES: [&str; 3] = ["customers", "prices", "visits"];

/// Of the script below.
pub(crate) const CHECKPOINTS: usize = 2;

/// Three tables, with a checkpoint in the middle and one at the end.
pub(crate) fn script() -> Value {
    let schema = |table: &str, columns: &[&str], key: u32| json!({"schema": {"table": table, "version": 1, "columns": columns, "key": key}});
    let rows = |table: &str, rows: Value| json!({"rows": {"table": table, "rows": rows}});
    json!([
        [
            schema("customers", &["id int!", "name string"], 1),
            schema("prices", &["shop string!", "item bigint!", "price bigint"], 2),
            schema("visits", &["id int", "page string"], 0),
            rows("customers", json!([["+", [1, "ada"]], ["+", [2, "bob"]], ["+", [3, null]]])),
            rows(
                "prices",
                json!([["+", ["north", 1, 10]], ["+", ["north", 2, 20]], ["+", ["south", 1, 11]]])
            ),
            rows("visits", json!([["+", [1, "home"]], ["+", [1, "home"]], ["+", [2, "cart"]]])),
        ],
        ["checkpoint"],
        [
            rows("customers", json!([["u", [2, "bo"]], ["-", [1, "ada"]], ["+", [4, "dan"]]])),
            rows("prices", json!([["u", ["north", 2, 21]], ["-", ["south", 1, 11]], ["+", ["east", 7, 70]]])),
            rows("visits", json!([["+", [3, "home"]], ["u", [2, "paid"]], ["-", [1, "home"]]])),
        ],
        ["checkpoint"],
    ])
}

/// The rows of a table as CSV after so many checkpoints, sorted. Where nothing is committed there may be no table.
pub(crate) fn expected(table: &str, checkpoints: usize) -> &'static [&'static str] {
    match (table, checkpoints) {
        ("customers", 1) => &["1,ada", "2,bob", "3,\\N"],
        ("customers", 2) => &["2,bo", "3,\\N", "4,dan"],
        ("prices", 1) => &["north,1,10", "north,2,20", "south,1,11"],
        ("prices", 2) => &["east,7,70", "north,1,10", "north,2,21"],
        ("visits", 1) => &["1,home", "1,home", "2,cart"],
        ("visits", 2) => &["1,home", "1,home", "2,cart", "2,paid", "3,home"],
        _ => &[],
    }
}
