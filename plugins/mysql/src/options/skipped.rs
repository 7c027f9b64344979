use cdc_plugin::types::Error;

use crate::binlog::event::Change;
use crate::options::given::invalid;

/// Operations whose rows are not returned (Debezium's `skipped.operations`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    creates: bool,
    updates: bool,
    deletes: bool,
    /// TRUNCATE is not told.
    pub truncates: bool,
}

// === impl Skipped ===

impl Skipped {
    /// `c`, `u`, `d` and `t` with commas between them, or `none`.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut skipped = Self::default();
        for operation in text.split(',').map(str::trim).filter(|operation| !operation.is_empty()) {
            match operation {
                "c" => skipped.creates = true,
                "u" => skipped.updates = true,
                "d" => skipped.deletes = true,
                "t" => skipped.truncates = true,
                "none" => {}
                _ => {
                    let what = format!("has `{operation}`; it can have c, u, d and t, or be none");
                    return Err(invalid("debezium.skipped.operations", &what));
                }
            }
        }
        Ok(skipped)
    }

    /// Whether rows of this change are left out.
    #[must_use]
    pub fn has(self, change: Change) -> bool {
        match change {
            Change::Insert => self.creates,
            Change::Update => self.updates,
            Change::Delete => self.deletes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_letters() {
        let skipped = Skipped::parse("d, t").unwrap();
        assert!(skipped.has(Change::Delete) && skipped.truncates && !skipped.has(Change::Update));
        assert_eq!(Skipped::parse("none").unwrap(), Skipped::default());
        assert!(Skipped::parse("d,x").unwrap_err().message.contains("`x`"));
    }
}
