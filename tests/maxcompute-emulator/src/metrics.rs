use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use parking_lot::Mutex;

use crate::journal::epoch_ms;
use crate::service::Service;

/// Counts of requests, from the start on.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(String, u16), Requests>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Requests {
    count: u64,
    body_bytes: u64,
    elapsed: Duration,
    with_faults: u64,
}

impl Metrics {
    /// Counts a request for an operation; status 0 stands for no answer.
    pub(crate) fn count(
        &self,
        operation: String,
        status: u16,
        body_bytes: u64,
        elapsed: Duration,
        fault: bool,
    ) {
        let mut requests = self.requests.lock();
        let counted = requests.entry((operation, status)).or_default();
        counted.count += 1;
        counted.body_bytes += body_bytes;
        counted.elapsed += elapsed;
        counted.with_faults += u64::from(fault);
    }
}

impl Service {
    /// The state in the text format of Prometheus.
    pub(crate) fn metrics_text(&self) -> Result<String, fmt::Error> {
        let mut text = MetricsText::default();
        text.family("start_time_seconds", "gauge", "When the emulator was started.")?;
        text.sample("start_time_seconds", &[], epoch_ms(self.started) as f64 / 1000.0)?;
        let requests = self.metrics.requests.lock().clone();
        type Value = fn(&Requests) -> f64;
        let families: [(&str, &str, Value); 4] = [
            ("requests_total", "Requests by operation and status; 0 is no answer.", |r| r.count as f64),
            ("request_body_bytes_total", "Bytes of request bodies as received.", |r| r.body_bytes as f64),
            ("request_seconds_total", "Time from arrival to answer.", |r| r.elapsed.as_secs_f64()),
            ("faults_injected_total", "Requests that a fault met.", |r| r.with_faults as f64),
        ];
        for (name, help, value) in families {
            text.family(name, "counter", help)?;
            for ((operation, status), counted) in &requests {
                let status = status.to_string();
                text.sample(name, &[("operation", operation), ("status", &status)], value(counted))?;
            }
        }
        let tables = self.catalog.tables();
        text.family("tables", "gauge", "Tables of the project.")?;
        text.sample("tables", &[], tables.len() as f64)?;
        text.family("table_rows", "gauge", "Rows of a table.")?;
        for table in &tables {
            let definition = table.definition();
            let labels = [("schema", definition.schema.as_str()), ("table", &definition.name)];
            text.sample("table_rows", &labels, table.row_count() as f64)?;
        }
        let mut sessions: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (_, session) in self.sessions.overviews() {
            *sessions.entry((session.kind, session.status)).or_default() += 1;
        }
        text.family("sessions", "gauge", "Tunnel sessions that are remembered, by kind and status.")?;
        for ((kind, status), count) in sessions {
            text.sample("sessions", &[("kind", kind), ("status", status)], count as f64)?;
        }
        Ok(text.0)
    }
}

#[derive(Default)]
struct MetricsText(String);

impl MetricsText {
    fn family(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(self.0, "# HELP maxcompute_emulator_{name} {help}\n# TYPE maxcompute_emulator_{name} {kind}")
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) -> fmt::Result {
        let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(self.0, "maxcompute_emulator_{name}{labels} {value}")
    }
}
