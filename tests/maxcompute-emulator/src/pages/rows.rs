use super::html::{page, table, text};
use crate::http::{Response, ServiceError};
use crate::record::{Value, value_text};
use crate::service::Service;

/// Rows on the page.
const MOST_ROWS: usize = 200;

impl Service {
    /// The page of a table: its first rows.
    pub(crate) fn rows_page(&self, schema: &str, name: &str) -> Result<Response, ServiceError> {
        let found = self.catalog.table(schema, name)?;
        let (definition, partitions) = found.snapshot(|_| true);
        let columns = &definition.columns;
        let mut head: Vec<String> = columns.iter().map(|column| text(&column.name)).collect();
        head.extend(definition.partition_keys.iter().map(|key| text(&key.name)));
        let total: usize = partitions.iter().map(|(_, rows)| rows.len()).sum();
        let mut shown = Vec::new();
        for (spec, rows) in &partitions {
            for row in rows.iter().take(MOST_ROWS - shown.len()) {
                let mut cells = vec!["<i>null</i>".to_owned(); columns.len()];
                for found in row.columns(columns) {
                    let (at, bytes) = found?;
                    if let (Some(cell), Some(column)) = (cells.get_mut(at), columns.get(at)) {
                        let value = Value::decode(&column.data_type, bytes)?;
                        *cell = text(value_text(&column.data_type, &value)?);
                    }
                }
                cells.extend(spec.values().iter().map(|(_, value)| text(value)));
                shown.push(cells);
            }
        }
        let title = format!("{} of {total} rows", shown.len());
        let body = format!("<p><a href=\"/\">Project</a></p>{}", table(&title, &head, &shown));
        Ok(page(&format!("Table {}", self.catalog.full_name(schema, &definition.name)), &body))
    }
}
