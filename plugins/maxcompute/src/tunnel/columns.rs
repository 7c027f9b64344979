//! The columns in a session's answer: like the metadata's, but with other names and truths as text.

use serde::Deserialize;
use serde_json::Value;

use crate::shape::{OdpsType, TargetColumn};

/// `schema` or `Schema`.
#[derive(Deserialize)]
pub(super) struct Schema {
    #[serde(default)]
    columns: Vec<Column>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    r#type: String,
    /// `"true"`, `"false"` or a truth value; absent means true.
    #[serde(default)]
    nullable: Option<Value>,
    #[serde(default)]
    comment: Option<String>,
}

impl Schema {
    pub(super) fn columns(self) -> Result<Vec<TargetColumn>, String> {
        self.columns
            .into_iter()
            .map(|column| {
                let r#type = OdpsType::parse(&column.r#type).map_err(|error| error.to_string())?;
                let nullable = match column.nullable {
                    Some(Value::Bool(flag)) => flag,
                    Some(Value::String(text)) => !text.eq_ignore_ascii_case("false"),
                    _ => true,
                };
                let comment = column.comment.unwrap_or_default();
                Ok(TargetColumn { name: column.name, r#type, nullable, comment })
            })
            .collect()
    }
}

/// Text that some answers have as a number.
pub(super) fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
