//! Which table of the source each table that is written belongs to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cdc_plugin::types::{Error, TableId};

use crate::rest::TableName;

/// Without the schema model, or with one schema for all, tables of two databases may meet in one table of the sink, where
/// each would replace the other's rows. Only the sink knows where a table ends up, and each instance only of its own
/// writers.
#[derive(Debug, Default)]
pub(crate) struct Owners(RefCell<HashMap<String, (TableId, usize)>>);

/// A writer's hold on a table; ends with it.
#[derive(Debug)]
pub(crate) struct Claim {
    owners: Rc<Owners>,
    key: String,
}

impl Owners {
    /// Hold the table for the source's.
    ///
    /// # Errors
    /// It is another one's; blame is `config`.
    pub(crate) fn claim(self: &Rc<Self>, name: &TableName, id: &TableId) -> Result<Claim, Error> {
        self.check(name, id)?;
        let key = key(name);
        self.0.borrow_mut().entry(key.clone()).or_insert_with(|| (id.clone(), 0)).1 += 1;
        Ok(Claim { owners: Rc::clone(self), key })
    }

    /// Whether the table may become the source's.
    ///
    /// # Errors
    /// It is another one's; blame is `config`.
    pub(crate) fn check(&self, name: &TableName, id: &TableId) -> Result<(), Error> {
        match self.0.borrow().get(&key(name)) {
            Some((owner, _)) if owner != id => {
                let text = format!(
                    "the tables {owner} and {id} of the source would both become table {name}: give one of them another \
                     name with a route, or both the same one to merge them"
                );
                Err(Error::config("maxcompute.name", text))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut owners = self.owners.0.borrow_mut();
        if let Some((_, claims)) = owners.get_mut(&self.key) {
            *claims -= 1;
            if *claims == 0 {
                owners.remove(&self.key);
            }
        }
    }
}

/// MaxCompute's names have no case.
fn key(name: &TableName) -> String {
    name.to_string().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tables_do_not_meet_in_one_while_the_first_is_written() {
        let owners = Rc::new(Owners::default());
        let name = |table: &str| TableName { project: "p".to_owned(), schema: None, table: table.to_owned() };
        let (first, second) = (TableId::in_schema("shop", "orders"), TableId::in_schema("store", "Orders"));
        let claims = [1, 2].map(|_| owners.claim(&name("orders"), &first).unwrap());
        owners.check(&name("items"), &second).unwrap();
        let error = owners.claim(&name("Orders"), &second).unwrap_err();
        assert!(error.message.contains("shop.orders and store.Orders"), "{}", error.message);
        let [one, other] = claims;
        drop(one);
        assert!(owners.check(&name("orders"), &second).is_err());
        drop(other);
        owners.check(&name("orders"), &second).unwrap();
    }
}
