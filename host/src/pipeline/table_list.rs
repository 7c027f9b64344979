//! `source-table`: the tables that a rule is for.
//!
//! The dialect of Flink CDC's `TableIdRouter`: commas separate patterns, a bare dot separates the parts of a name, and
//! `\.` is the regular expression's dot. A pattern fits a whole name, in its own case.

use regex_lite::Regex;

use crate::schema::TableId;

/// Tables by the patterns of their names.
#[derive(Clone, Debug)]
pub struct TableList(Regex);

impl TableList {
    /// Read `shop\.*.orders, app.users`.
    ///
    /// # Errors
    /// It names nothing, or is no regular expression; why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let patterns: Vec<String> =
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(expression).collect();
        if patterns.is_empty() {
            return Err("it names no table".into());
        }
        Regex::new(&format!("^(?:{})$", patterns.join("|"))).map(Self).map_err(|error| error.to_string())
    }

    /// Whether the list has a table.
    #[must_use]
    pub fn has(&self, table: &TableId) -> bool {
        self.0.is_match(&table.to_string())
    }
}

/// A pattern as a regular expression.
fn expression(pattern: &str) -> String {
    let mut expression = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match (character, rest.as_str().starts_with('.')) {
            ('\\', true) => {
                rest.next();
                expression.push('.');
            }
            ('.', _) => expression.push_str("\\."),
            _ => expression.push(character),
        }
    }
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_the_tables_that_a_pattern_fits_as_a_whole() {
        for (list, has, has_not) in [
            (
                "shop.orders",
                &["shop.orders"][..],
                &["shop.orders2", "my_shop.orders", "shopXorders", "Shop.orders"][..],
            ),
            (r"shop.\.*", &["shop.orders", "shop.a.b"], &["shops.orders", "orders"]),
            (r"\.*.\.*", &["a.b", "x.y.z"], &["a"]),
            (
                r"app[0-9].t_\d+ , web.users,",
                &["app3.t_12", "web.users"],
                &["app.t_1", "app3.t_", "web.user"],
            ),
            (r"(app|web).t", &["app.t", "web.t"], &["ap.t"]),
            ("orders", &["orders"], &["shop.orders"]),
        ] {
            let list = TableList::parse(list).unwrap();
            for (names, wanted) in [(has, true), (has_not, false)] {
                for name in names {
                    let mut parts = name.rsplitn(2, '.');
                    let table = TableId {
                        name: parts.next().unwrap().into(),
                        schema: parts.next().map(str::to_owned),
                        namespace: None,
                    };
                    assert_eq!(list.has(&table), wanted, "{list:?} {name}");
                }
            }
        }
        assert!(TableList::parse(" , ").is_err());
        assert!(TableList::parse("shop.(").is_err());
    }
}
