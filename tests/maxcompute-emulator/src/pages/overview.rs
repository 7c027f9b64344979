use super::html::{head, page, table, text};
use crate::http::Response;
use crate::service::Service;

/// Requests on the page.
const LATEST: usize = 20;

impl Service {
    /// The page of the project: its tables, sessions, faults and latest requests.
    pub(crate) fn overview_page(&self) -> Response {
        let project = self.catalog.project();
        let intro = format!(
            "<p>Endpoint <code>http://{}/api</code>, schemas: {}. \
             <a href=\"/metrics\">Metrics</a>, <a href=\"/emulator/journal\">journal</a>, \
             <a href=\"/emulator/faults\">faults</a>.</p>",
            text(self.worker_address()),
            text(self.catalog.schema_names().join(", "))
        );
        let body =
            [intro, self.tables_part(), self.sessions_part(), self.faults_part(), self.requests_part()];
        page(&format!("MaxCompute emulator: project {project}"), &body.concat())
    }

    fn tables_part(&self) -> String {
        let row = |found: std::sync::Arc<crate::store::Table>| {
            let definition = found.definition();
            let key: Vec<&str> = definition.primary_key_names().collect();
            let kind =
                if key.is_empty() { "append".to_owned() } else { format!("Delta, key {}", key.join(", ")) };
            let partitioned = !definition.partition_keys.is_empty();
            let partitions = if partitioned { found.partitions().len().to_string() } else { String::new() };
            let columns: Vec<String> = definition
                .columns
                .iter()
                .chain(&definition.partition_keys)
                .map(|column| format!("{} {}", column.name, column.data_type))
                .collect();
            let (schema, name) = (&definition.schema, &definition.name);
            vec![
                text(schema),
                format!("<a href=\"/emulator/tables/{0}/{1}\">{1}</a>", text(schema), text(name)),
                text(kind),
                text(columns.join(", ")),
                text(definition.schema_version),
                partitions,
                text(found.row_count()),
                text(found.byte_count()),
            ]
        };
        let rows: Vec<_> = self.catalog.tables().into_iter().map(row).collect();
        let names = ["schema", "table", "kind", "columns", "schema version", "partitions", "rows", "bytes"];
        table("Tables", &head(&names), &rows)
    }

    fn sessions_part(&self) -> String {
        let sessions = self.sessions.overviews().into_iter();
        let rows: Vec<_> = sessions
            .map(|(id, session)| {
                vec![
                    text(session.kind),
                    format!("<code>{}</code>", text(id)),
                    text(session.table),
                    text(session.partition),
                    text(session.status),
                ]
            })
            .collect();
        table("Sessions", &head(&["kind", "id", "table", "partition", "status"]), &rows)
    }

    fn faults_part(&self) -> String {
        let faults = self.faults.list().into_iter();
        let rows: Vec<_> = faults
            .map(|fault| {
                let spec = format!("<code>{}</code>", text(fault.fault));
                vec![text(fault.id), spec, text(fault.seen), text(fault.injected)]
            })
            .collect();
        table("Faults", &head(&["id", "fault", "requests that fitted", "requests met"]), &rows)
    }

    fn requests_part(&self) -> String {
        let rows: Vec<_> = self
            .journal
            .latest(LATEST)
            .into_iter()
            .map(|entry| {
                let operation = entry.operation.map(|operation| operation.to_string()).unwrap_or_default();
                let target = format!("<code>{}</code>", text(entry.target));
                vec![text(entry.sequence), text(operation), text(entry.method), target, text(entry.status)]
            })
            .collect();
        table("Latest requests", &head(&["number", "operation", "method", "target", "status"]), &rows)
    }
}
