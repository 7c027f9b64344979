use std::time::SystemTime;

use hyper::StatusCode;
use serde_json::json;

use super::RestCall;
use super::project::OWNER;
use super::xml::{cdata, element, time};
use crate::http::{Response, ServiceError};
use crate::journal::epoch_ms;
use crate::schema::{Column, PartitionSpec, TableDefinition};

impl RestCall<'_> {
    pub(super) fn list_tables(&self) -> Result<Response, ServiceError> {
        let prefix = self.parameters.get("name").unwrap_or_default().to_lowercase();
        let names = self.service.catalog.table_names(self.schema())?;
        self.named("Tables", "Table", names.into_iter().filter(|name| name.starts_with(&prefix)))
    }

    pub(super) fn get_table(&self) -> Result<Response, ServiceError> {
        let table = self.service.catalog.table(self.schema(), &self.route.object)?;
        let definition = table.definition();
        let seconds = |time| epoch_ms(time) / 1000;
        let mut schema = json!({
            "columns": definition.columns.iter().map(column_json).collect::<Vec<_>>(),
            "partitionKeys": definition.partition_keys.iter().map(column_json).collect::<Vec<_>>(),
            "comment": definition.comment,
            "owner": OWNER,
            "createTime": seconds(table.created),
            "lastModifiedTime": seconds(table.modified()),
            "lastDDLTime": seconds(table.altered()),
            "lastAccessTime": 0,
            "isVirtualView": false,
            "isExternal": false,
            "lifecycle": definition.lifecycle.map_or(-1, i64::from),
            "size": table.byte_count(),
            "recordNum": table.row_count(),
            "tableLabel": "0",
            "shardExist": false,
        });
        if self.parameters.has("extended")
            && let Some(schema) = schema.as_object_mut()
        {
            schema.insert("IsArchived".to_owned(), json!(false));
            schema.insert("PhysicalSize".to_owned(), json!(table.byte_count()));
            schema.insert("FileNum".to_owned(), json!(0));
            // A document inside the document, as text.
            schema.insert("Reserved".to_owned(), json!(reserved(&definition).to_string()));
        }
        let document = format!(
            "<Table>{}{}{}{}<Schema format=\"Json\">{}</Schema>{}{}<Type>MANAGED_TABLE</Type></Table>",
            element("Name", &definition.name),
            element("TableId", &table.id),
            element("Owner", OWNER),
            element("Project", self.service.catalog.project()),
            cdata(&schema.to_string()),
            time("CreationTime", table.created),
            time("LastModifiedTime", table.modified()),
        );
        Ok(Response::xml(StatusCode::OK, document))
    }

    pub(super) fn list_partitions(&self) -> Result<Response, ServiceError> {
        let table = self.service.catalog.table(self.schema(), &self.route.object)?;
        let wanted = PartitionSpec::parse(self.parameters.get("partition").unwrap_or_default())?;
        let fits = |spec: &PartitionSpec| wanted.values().iter().all(|value| spec.values().contains(value));
        let partitions = table.partitions().into_iter().filter(|(spec, ..)| !spec.is_empty() && fits(spec));
        let page = self.page(partitions, |(spec, ..)| partition_key(spec))?;
        let entry = |(spec, created, _): &(PartitionSpec, SystemTime, usize)| {
            let columns: String =
                spec.values().iter().map(|(key, value)| partition_column(key, value)).collect();
            let created = element("CreationTime", epoch_ms(*created) / 1000);
            format!("<Partition>{columns}{created}</Partition>")
        };
        let document = format!(
            "<Partitions>{}{}</Partitions>",
            element("Marker", &page.marker),
            page.entries.iter().map(entry).collect::<String>()
        );
        Ok(Response::xml(StatusCode::OK, document))
    }

    pub(super) fn get_partition(&self) -> Result<Response, ServiceError> {
        let table = self.service.catalog.table(self.schema(), &self.route.object)?;
        let spec = PartitionSpec::parse(self.parameters.require("partition")?)?;
        let spec = table.resolve_partition(&spec, false)?;
        let partitions = table.partitions();
        let found = partitions.iter().find(|(found, ..)| *found == spec);
        let (_, created, rows) = found.ok_or_else(|| {
            ServiceError::not_found("NoSuchPartition", format!("partition {spec} has just been dropped"))
        })?;
        let schema = json!({
            "createTime": epoch_ms(*created) / 1000,
            "lastDDLTime": epoch_ms(*created) / 1000,
            "lastModifiedTime": epoch_ms(table.modified()) / 1000,
            "partitionSize": 0,
            "partitionRecordNum": rows,
        });
        let document = format!("<Partition><Schema>{}</Schema></Partition>", cdata(&schema.to_string()));
        Ok(Response::xml(StatusCode::OK, document))
    }
}

/// The values of a partition in hexadecimal, which sort like the values themselves and fit into a URL.
fn partition_key(spec: &PartitionSpec) -> String {
    let value = |(_, value): &(String, String)| value.bytes().map(|byte| format!("{byte:02x}")).collect();
    spec.values().iter().map(value).collect::<Vec<String>>().join("-")
}

fn partition_column(key: &str, value: &str) -> String {
    let escape = |text| quick_xml::escape::escape(text).into_owned();
    format!("<Column Name=\"{}\" Value=\"{}\"/>", escape(key), escape(value))
}

fn column_json(column: &Column) -> serde_json::Value {
    json!({
        "name": column.name,
        "type": column.data_type.to_string(),
        "comment": column.comment,
        "label": "",
        "isNullable": column.nullable,
    })
}

/// What clients read from `Reserved`: the string `"true"` for a transactional table, and the key of a Delta table.
fn reserved(definition: &TableDefinition) -> serde_json::Value {
    let mut reserved = json!({"schema_version": format!("v{}", definition.schema_version)});
    let Some(fields) = reserved.as_object_mut() else { return reserved };
    if definition.transactional {
        fields.insert("Transactional".to_owned(), json!("true"));
    }
    if definition.is_delta() {
        let key: Vec<&str> = definition.primary_key_names().collect();
        let sorted: Vec<_> = key.iter().map(|name| json!({"col": name, "order": "asc"})).collect();
        fields.insert("PrimaryKey".to_owned(), json!(key));
        fields.insert("ClusterType".to_owned(), json!("hash"));
        fields.insert("BucketNum".to_owned(), json!(definition.bucket_count));
        fields.insert("ClusterCols".to_owned(), json!(key));
        fields.insert("SortCols".to_owned(), json!(sorted));
        let hours = definition.properties.get("acid.data.retain.hours").map_or("24", String::as_str);
        fields.insert("acid.data.retain.hours".to_owned(), json!(hours));
    }
    reserved
}
