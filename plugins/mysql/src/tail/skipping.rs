use crate::options::Skip;

/// What of the first transactions is passed over, and how much of that the one under way has been.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Skipping {
    rest: Skip,
    events: u64,
    rows_met: bool,
}

// === impl Skipping ===

impl Skipping {
    pub(super) fn new(rest: Skip) -> Self {
        Self { rest, ..Self::default() }
    }

    /// As of the begin of the transaction under way.
    pub(super) fn rest(&self) -> Skip {
        self.rest
    }

    /// An event of a transaction comes: whether it is passed over.
    pub(super) fn passes(&mut self) -> bool {
        let passes = self.events < self.rest.events;
        self.events += u64::from(passes);
        passes
    }

    /// A row event comes that is not passed over: how many of its rows are.
    pub(super) fn rows(&mut self) -> u64 {
        let rows = if self.rows_met { 0 } else { self.rest.rows };
        self.rows_met = true;
        rows
    }

    /// The transaction is through.
    pub(super) fn transaction_ended(&mut self) {
        self.rest.events -= self.events;
        self.events = 0;
        if self.rows_met {
            self.rest.rows = 0;
        }
        self.rows_met = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_off_first_and_then_rows_of_one_event() {
        let mut skipping = Skipping::new(Skip { events: 3, rows: 2 });
        assert!(skipping.passes() && skipping.passes());
        skipping.transaction_ended();
        assert_eq!(skipping.rest(), Skip { events: 1, rows: 2 });
        assert!(skipping.passes() && !skipping.passes());
        assert_eq!((skipping.rows(), skipping.rows()), (2, 0));
        assert_eq!(skipping.rest(), Skip { events: 1, rows: 2 }, "a restart reads the transaction again");
        skipping.transaction_ended();
        assert!(skipping.rest().is_nothing());
    }
}
