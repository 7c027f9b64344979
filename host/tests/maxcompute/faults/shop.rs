//! What the source has, and what the sink has to hold after each checkpoint.

use serde_json::{Value, json};

use crate::script::{rows, schema};
use crate::world::Tables;

/// Three tables, one keyed, one with a key of two columns, one without; a checkpoint in the middle, one at the end.
pub(super) fn script() -> Value {
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

/// In the end.
pub(super) const ALL: Tables<'_> = &[
    ("customers", &["2,bo", "3,\\N", "4,dan"]),
    ("prices", &["east,7,70", "north,1,10", "north,2,21"]),
    ("visits", VISITS[1]),
];

/// The append table after each checkpoint.
pub(super) const VISITS: [&[&str]; 2] =
    [&["1,home", "1,home", "2,cart"], &["1,home", "1,home", "2,cart", "2,paid", "3,home"]];
