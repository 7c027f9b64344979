use std::collections::{BTreeMap, HashMap};

use crate::flow::error::FlowError;
use crate::plugin::sink::Sink;
use crate::schema::TableId;
use crate::state::TableState;

/// Sees to it that no table of the sink takes the rows of two: a lane of the sink sees its own tables only.
#[derive(Clone, Debug, Default)]
pub(super) struct Meetings {
    /// By the name of the sink's table.
    owners: HashMap<String, TableId>,
    /// Whether the tables of the ledger have been asked for.
    complete: bool,
}

impl Meetings {
    /// Refuse a table that would meet another of the tables that the sink has.
    ///
    /// # Errors
    /// [`FlowError::Meeting`], or the sink fails.
    pub(super) async fn refuse(
        &mut self,
        table: &TableId,
        tables: &BTreeMap<TableId, TableState>,
        sink: &Sink,
    ) -> Result<(), FlowError> {
        if !self.complete {
            for known in tables.keys() {
                self.owners.insert(sink.target(known).await?, known.clone());
            }
            self.complete = true;
        }
        let target = sink.target(table).await?;
        match self.owners.get(&target) {
            // One that was dropped or renamed since has left its place.
            Some(owner) if owner != table && tables.contains_key(owner) => Err(FlowError::Meeting {
                one: Box::new(owner.clone()),
                other: Box::new(table.clone()),
                target,
            }),
            _ => {
                self.owners.insert(target, table.clone());
                Ok(())
            }
        }
    }
}
