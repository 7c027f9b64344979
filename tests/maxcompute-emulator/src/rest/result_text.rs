//! Results as comma-separated text: a header line, `"` where needed, `\N` for null.

use crate::http::ServiceError;
use crate::record::{Value, value_text};
use crate::sql::ResultSet;

pub(super) fn csv(result: &ResultSet, most_rows: usize) -> Result<String, ServiceError> {
    let names: Vec<String> = result.columns.iter().map(|column| quoted(&column.name)).collect();
    let mut text = names.join(",");
    text.push('\n');
    for row in result.rows.iter().take(most_rows) {
        let mut cells = vec!["\\N".to_owned(); result.columns.len()];
        for column in row.columns(&result.columns) {
            let (index, bytes) = column?;
            if let (Some(cell), Some(column)) = (cells.get_mut(index), result.columns.get(index)) {
                *cell = quoted(&value_text(&column.data_type, &Value::decode(&column.data_type, bytes)?)?);
            }
        }
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    Ok(text)
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_separators_are_quoted() {
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("plain"), "plain");
    }
}
