//! The requests of a run, so that a fault finds each of them again.

use std::collections::BTreeMap;

use maxcompute_emulator::{Entry, Operation};

/// One request of a run: the `nth` for an operation, on a table where the path names one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) operation: String,
    pub(super) table: Option<String>,
    pub(super) nth: u32,
}

/// A request and what of it decides which faults it can meet.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) place: Place,
    pub(super) has_body: bool,
    pub(super) names_session: bool,
}

impl Place {
    /// The words by which the emulator finds it.
    pub(super) fn pattern(&self) -> String {
        format!("{} nth={}", self.everywhere(), self.nth)
    }

    /// The words for it and for all requests like it.
    pub(super) fn everywhere(&self) -> String {
        match &self.table {
            Some(table) => format!("operation={} path=*/tables/{table}*", self.operation),
            None => format!("operation={}", self.operation),
        }
    }
}

/// What several tables may ask for at the same time; how many do is chance, so the first request stands for all.
const ASKED_TOGETHER: [&str; 2] = ["get-project", "get-tunnel-endpoint"];

/// All requests of a run, from its journal.
pub(super) fn made(journal: &[Entry]) -> Vec<Made> {
    let mut counts = BTreeMap::new();
    let mut all = Vec::new();
    for entry in journal {
        let operation: Operation = entry.operation.expect("the sink asks for what there is");
        let (path, query) = entry.target.split_once('?').unwrap_or((&entry.target, ""));
        let table = path.split_once("/tables/").map(|(_, rest)| rest.split('/').next().unwrap().to_owned());
        let count = counts.entry((operation.to_string(), table.clone())).or_insert(0);
        *count += 1;
        if ASKED_TOGETHER.contains(&&*operation.to_string()) && *count > 1 {
            continue;
        }
        all.push(Made {
            place: Place { operation: operation.to_string(), table, nth: *count },
            has_body: entry.body_bytes > 0,
            names_session: query.contains("upsertid=") || query.contains("uploadid="),
        });
    }
    all
}
