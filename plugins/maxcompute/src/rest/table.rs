//! Table metadata: the JSON inside the XML, and the JSON inside that.

use cdc_plugin::host::http::Method;
use serde::Deserialize;

use crate::Host;
use crate::request::{Call, Client, Fault};
use crate::rest::TableName;
use crate::shape::{OdpsType, TargetColumn, same_name};

/// A table as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Columns in order, partition columns apart.
    pub columns: Vec<TargetColumn>,
    /// Partition columns.
    pub partition_keys: Vec<TargetColumn>,
    /// Names of the key columns; empty for an append table.
    pub primary_key: Vec<String>,
    /// Whether it takes upserts: a Delta table.
    pub transactional: bool,
    /// Comment; empty if there is none.
    pub comment: String,
}

/// `columns`, `partitionKeys`, and `Reserved`: what only the extended answer has, JSON once more as a string.
#[derive(Deserialize)]
struct Schema {
    #[serde(default)]
    columns: Vec<Column>,
    #[serde(default, rename = "partitionKeys")]
    partition_keys: Vec<Column>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default, rename = "Reserved")]
    reserved: Option<String>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    r#type: String,
    #[serde(default, rename = "isNullable")]
    nullable: Option<bool>,
    #[serde(default)]
    comment: Option<String>,
}

#[derive(Default, Deserialize)]
struct Reserved {
    /// A string in the answers of today.
    #[serde(default, rename = "Transactional")]
    transactional: Option<serde_json::Value>,
    #[serde(default, rename = "PrimaryKey")]
    primary_key: Option<Vec<String>>,
}

/// Read a table; none when it does not exist.
///
/// # Errors
/// The request fails otherwise, or the answer cannot be understood.
pub async fn table(client: &Client<impl Host>, name: &TableName) -> Result<Option<Table>, Fault> {
    match existing_table(client, name).await {
        Ok(table) => Ok(Some(table)),
        Err(fault) if table_is_missing(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Read a table that has to be there.
///
/// # Errors
/// It is not ([`table_is_missing`]), the request fails otherwise, or the answer cannot be understood.
pub async fn existing_table(client: &Client<impl Host>, name: &TableName) -> Result<Table, Fault> {
    let path = ["projects", &name.project, "tables", &name.table].map(str::to_owned).to_vec();
    let call = Call::new(Method::Get, format!("reading table {name}"), path)
        .action("extended")
        .query_if("curr_schema", name.schema.as_deref());
    let answer = client.send(&call).await?;
    read(&answer.text()).map_err(|error| Fault::malformed(call.what, error))
}

/// Whether a fault says that there is no such table. A missing project is a mistake of the options.
#[must_use]
pub fn table_is_missing(fault: &Fault) -> bool {
    fault.is_not_found() && !fault.refusal().is_some_and(|refusal| refusal.is("NoSuchProject"))
}

fn read(xml: &str) -> Result<Table, String> {
    let document = roxmltree::Document::parse(xml.trim()).map_err(|error| error.to_string())?;
    let schema = document
        .root_element()
        .children()
        .find(|node| node.has_tag_name("Schema"))
        .and_then(|node| node.text())
        .ok_or("no Schema in the table's description")?;
    let schema: Schema = serde_json::from_str(schema).map_err(|error| format!("Schema: {error}"))?;
    let reserved: Reserved = match schema.reserved.as_deref() {
        None | Some("") => Reserved::default(),
        Some(text) => serde_json::from_str(text).map_err(|error| format!("Reserved: {error}"))?,
    };
    let columns = |list: Vec<Column>| {
        list.into_iter()
            .map(|column| {
                let r#type = OdpsType::parse(&column.r#type).map_err(|error| error.to_string())?;
                Ok(TargetColumn {
                    name: column.name,
                    r#type,
                    nullable: column.nullable.unwrap_or(true),
                    comment: column.comment.unwrap_or_default(),
                })
            })
            .collect::<Result<Vec<_>, String>>()
    };
    Ok(Table {
        columns: columns(schema.columns)?,
        partition_keys: columns(schema.partition_keys)?,
        primary_key: reserved.primary_key.unwrap_or_default(),
        comment: schema.comment.unwrap_or_default(),
        transactional: reserved.transactional.is_some_and(|value| match value {
            serde_json::Value::Bool(flag) => flag,
            serde_json::Value::String(text) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }),
    })
}

impl Table {
    /// Whether the column belongs to the primary key.
    #[must_use]
    pub fn is_key(&self, name: &str) -> bool {
        self.primary_key.iter().any(|key| same_name(key, name))
    }

    /// The column of that name, in any case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&TargetColumn> {
        self.columns.iter().find(|column| same_name(&column.name, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(json: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><Table><Name>t</Name><Schema format=\"Json\"><![CDATA[{json}]]></Schema></Table>"
        )
    }

    #[test]
    fn a_delta_table_tells_its_key() {
        let table = read(&xml(
            r#"{"columns":[{"name":"id","type":"bigint","isNullable":false,"label":"L"},{"name":"v","type":"decimal(10,2)"}],
               "partitionKeys":[],"Reserved":"{\"Transactional\":\"true\",\"PrimaryKey\":[\"id\"],\"BucketNum\":16}","size":0}"#,
        ))
        .unwrap();
        assert!(table.transactional);
        assert_eq!(table.primary_key, ["id"]);
        assert!(!table.columns[0].nullable && table.columns[1].nullable);
        assert_eq!(table.column("V").unwrap().r#type, OdpsType::Decimal(10, 2));
    }

    #[test]
    fn an_append_table_has_no_key() {
        for reserved in ["", ",\"Reserved\":\"\"", ",\"Reserved\":\"{}\"", ",\"Reserved\":null"] {
            let table =
                read(&xml(&format!(r#"{{"columns":[{{"name":"a","type":"STRING"}}]{reserved}}}"#))).unwrap();
            assert!(!table.transactional && table.primary_key.is_empty());
        }
    }

    #[test]
    fn an_answer_that_is_none_is_an_error() {
        for answer in [
            String::new(),
            "<Table/>".to_owned(),
            xml("not json"),
            xml(r#"{"columns":[{"name":"a"}]}"#),
            xml(r#"{"columns":[{"name":"a","type":"ARRAY<"}]}"#),
            xml(r#"{"columns":[],"Reserved":"{"}"#),
        ] {
            assert!(read(&answer).is_err(), "{answer}");
        }
    }
}
