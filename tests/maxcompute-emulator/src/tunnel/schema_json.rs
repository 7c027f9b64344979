use serde_json::{Value as Json, json};

use crate::schema::Column;

/// The schema object of a session: flags and column ids are strings here, unlike in table metadata.
pub(super) fn schema_json(columns: &[Column], partition_keys: &[Column]) -> Json {
    let column = |(id, column): (usize, &Column)| {
        json!({
            "name": column.name,
            "type": column.data_type.to_string(),
            "nullable": column.nullable.to_string(),
            "comment": column.comment,
            "column_id": id.to_string(),
        })
    };
    json!({
        "IsVirtualView": false,
        "columns": columns.iter().enumerate().map(column).collect::<Vec<_>>(),
        "partitionKeys": partition_keys.iter().enumerate().map(column).collect::<Vec<_>>(),
    })
}
