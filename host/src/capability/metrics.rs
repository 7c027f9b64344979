//! Counters and gauges of plugins (`cdc:host/metrics`), kept for whoever wants to show them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::plugin::LaneState;
use crate::plugin::bindings::capabilities::metrics as wit;

/// The metrics of a process.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<Values>>);

/// By plugin and name.
type Values = BTreeMap<(Arc<str>, String), Value>;

/// What a metric says now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Only grows.
    Counter(u64),
    /// Comes and goes.
    Gauge(f64),
}

/// Names that plugins may bring in all; a plugin that makes up names does not fill the memory.
const MOST_NAMES: usize = 1000;

impl Metrics {
    /// All metrics: plugin, name, value.
    #[must_use]
    pub fn snapshot(&self) -> Vec<(Arc<str>, String, Value)> {
        let metrics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        metrics.iter().map(|((plugin, name), value)| (plugin.clone(), name.clone(), *value)).collect()
    }

    fn change(&self, plugin: &Arc<str>, name: String, first: Value, change: impl FnOnce(&mut Value)) {
        let mut metrics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = metrics.len() >= MOST_NAMES;
        match metrics.entry((plugin.clone(), name)) {
            std::collections::btree_map::Entry::Occupied(mut entry) => change(entry.get_mut()),
            std::collections::btree_map::Entry::Vacant(entry) if !full => {
                entry.insert(first);
            }
            std::collections::btree_map::Entry::Vacant(_) => {}
        }
    }
}

impl wit::Host for LaneState {
    fn counter(&mut self, name: String, add: u64) {
        let capabilities = &self.capabilities;
        capabilities.metrics.change(&capabilities.plugin, name, Value::Counter(add), |value| {
            if let Value::Counter(count) = value {
                *count = count.saturating_add(add);
            }
        });
    }

    fn gauge(&mut self, name: String, now: f64) {
        let capabilities = &self.capabilities;
        capabilities
            .metrics
            .change(&capabilities.plugin, name, Value::Gauge(now), |value| *value = Value::Gauge(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_makes_up_names_is_bounded() {
        let metrics = Metrics::default();
        let plugin: Arc<str> = "p".into();
        for n in 0..2 * MOST_NAMES {
            metrics.change(&plugin, format!("n{n}"), Value::Counter(1), |_| {});
        }
        assert_eq!(metrics.snapshot().len(), MOST_NAMES);
    }
}
