//! `tables` and `tables.exclude`: which tables are captured.
//!
//! The syntax is that of Flink CDC's `Selectors`: a comma separates patterns, a dot separates database from table, and
//! each half is a regular expression that must match in full, without regard to case. `\.` is the regex's "any
//! character" and `\,` a literal comma.

use cdc_plugin::types::Error;
use regex_lite::{Regex, RegexBuilder};

/// The tables that the options select.
#[derive(Clone, Debug)]
pub struct Selector {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

/// One pattern of a list.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As the operator wrote it.
    pub text: String,
    database: Regex,
    table: Regex,
}

// === impl Selector ===

impl Selector {
    /// Understand the two options.
    ///
    /// # Errors
    /// A pattern has no two halves, or a half is no regular expression.
    pub fn parse(tables: &str, exclude: Option<&str>) -> Result<Self, Error> {
        let include = patterns("tables", tables)?;
        if include.is_empty() {
            return Err(Error::config(
                "mysql.tables",
                "option `tables` names no table; write for instance `shop\\.*.\\.*`",
            ));
        }
        Ok(Self {
            include,
            exclude: exclude.map_or(Ok(Vec::new()), |list| patterns("tables.exclude", list))?,
        })
    }

    /// Whether a table is captured.
    #[must_use]
    pub fn matches(&self, database: &str, table: &str) -> bool {
        !is_system(database)
            && self.include.iter().any(|pattern| pattern.matches(database, table))
            && !self.exclude.iter().any(|pattern| pattern.matches(database, table))
    }

    /// What looks meant otherwise than it reads: one sentence for each pattern with a class such as `[app|web]`.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        self.include
            .iter()
            .chain(&self.exclude)
            .filter_map(|pattern| {
                let class = alternatives_in_class(&pattern.text)?;
                let names = class.trim_matches(['[', ']']);
                Some(format!(
                    "`{class}` in table pattern `{}` is a character class and matches one character; for alternatives \
                     write `({names})`",
                    pattern.text
                ))
            })
            .collect()
    }

    /// The error of a selection that matches none of the tables that can be seen.
    #[must_use]
    pub fn nothing_matches(&self, tables: &[(String, String)]) -> Error {
        let wanted: Vec<_> = self.include.iter().map(|pattern| format!("`{}`", pattern.text)).collect();
        let mut message = format!("option `tables` ({}) selects no table", wanted.join(", "));
        let excluded = tables.iter().filter(|(database, table)| {
            !is_system(database) && self.include.iter().any(|pattern| pattern.matches(database, table))
        });
        let excluded = excluded.count();
        if excluded > 0 {
            message.push_str(&format!(": `tables.exclude` takes away all {excluded} that match"));
        } else if tables.is_empty() {
            message.push_str(": the user sees no table; does it have the SELECT privilege?");
        } else {
            message.push_str(&format!("; the nearest that exist are {}", self.nearest(tables).join(", ")));
        }
        for doubt in self.doubts() {
            message.push_str("; ");
            message.push_str(&doubt);
        }
        Error::config("mysql.tables", message)
    }

    /// Up to five existing tables whose names are most like a pattern's text.
    fn nearest(&self, tables: &[(String, String)]) -> Vec<String> {
        let mut ranked: Vec<_> = tables
            .iter()
            .map(|(database, table)| {
                let name = format!("{database}.{table}");
                let distance = self.include.iter().map(|pattern| {
                    // A half that matches is worth more than a similar spelling.
                    let halves = usize::from(!pattern.database.is_match(database))
                        + usize::from(!pattern.table.is_match(table));
                    (halves, distance(&pattern.text.to_lowercase(), &name.to_lowercase()))
                });
                (distance.min(), name)
            })
            .collect();
        ranked.sort();
        ranked.into_iter().take(5).map(|(_, name)| format!("`{name}`")).collect()
    }
}

impl Pattern {
    fn matches(&self, database: &str, table: &str) -> bool {
        self.database.is_match(database) && self.table.is_match(table)
    }
}

/// Schemas that the server keeps for itself.
#[must_use]
pub fn is_system(database: &str) -> bool {
    ["mysql", "sys", "information_schema", "performance_schema"]
        .iter()
        .any(|system| database.eq_ignore_ascii_case(system))
}

fn patterns(option: &str, list: &str) -> Result<Vec<Pattern>, Error> {
    let unfinished = || {
        Error::config("mysql.tables", format!("option `{option}` ends with a backslash that escapes nothing"))
    };
    let mut patterns = Vec::new();
    for text in split(list, ',').ok_or_else(unfinished)? {
        let halves = split(&text, '.').ok_or_else(unfinished)?;
        let [database, table] = halves.as_slice() else {
            return Err(Error::config(
                "mysql.tables",
                format!(
                    "pattern `{text}` of option `{option}` has {} parts between dots; MySQL tables are named \
                     `database.table` (the regex's any character is written `\\.`)",
                    halves.len()
                ),
            ));
        };
        patterns.push(Pattern { database: regex(option, database)?, table: regex(option, table)?, text });
    }
    Ok(patterns)
}

/// The non-empty parts between separators, trimmed, with escaped separators made literal; none when the text ends within
/// an escape. Other escapes stay as they are: they are the regex's.
fn split(text: &str, separator: char) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char == separator {
            parts.push(String::new());
            continue;
        }
        let part = parts.last_mut()?;
        if char == '\\' {
            let escaped = chars.next()?;
            if escaped != separator {
                part.push('\\');
            }
            part.push(escaped);
        } else {
            part.push(char);
        }
    }
    Some(parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect())
}

fn regex(option: &str, half: &str) -> Result<Regex, Error> {
    RegexBuilder::new(&format!(r"\A(?:{half})\z")).case_insensitive(true).build().map_err(|error| {
        Error::config(
            "mysql.tables",
            format!("`{half}` in option `{option}` is no regular expression: {error}"),
        )
    })
}

/// The first character class with a `|` between words: `[app|web]`.
fn alternatives_in_class(pattern: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(start) = pattern.get(from..)?.find('[').map(|at| at + from) {
        let end = pattern.get(start..)?.find(']')? + start + 1;
        let class = pattern.get(start..end)?;
        let words = class.trim_matches(['[', ']']).split('|');
        if class.contains('|')
            && words.clone().all(|word| !word.is_empty())
            && words.clone().any(|word| word.len() > 1)
        {
            return Some(class);
        }
        from = end;
    }
    None
}

/// Levenshtein's distance in characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, char) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, other) in right.iter().enumerate() {
            let substitute = diagonal + usize::from(char != *other);
            diagonal = row[column + 1];
            row[column + 1] = substitute.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tables: &str, yes: &[&str], no: &[&str]) {
        let selector = Selector::parse(tables, None).unwrap();
        for (names, expected) in [(yes, true), (no, false)] {
            for name in names {
                let (database, table) = name.split_once('.').unwrap();
                assert_eq!(selector.matches(database, table), expected, "{tables} on {name}");
            }
        }
    }

    #[test]
    fn each_half_matches_in_full() {
        check(
            "sc1.A[0-9]+,sc2.B[0-1]+,sc1.sc1",
            &["sc1.sc1", "sc1.A1", "sc1.A2", "sc2.B0", "sc2.B1"],
            &["sc1.A", "sc1.AA", "sc2.B", "sc2.B2", "sc11.A1", "sc1A.A1", "sc1.A1x"],
        );
    }

    #[test]
    fn an_escaped_dot_is_any_character() {
        check("db\\..A[0-9]+,db.sc1", &["db1.A1", "dbx.A22", "db.sc1"], &["db.A1", "dbxy.A1", "db1.sc1"]);
        check("sc1.\\.*", &["sc1.sc1", "sc1.anything"], &["sc2.sc1"]);
        check("adb\\.*.user\\.*", &["adb.user", "adb_1.user_02"], &["db.user", "adb.order"]);
    }

    #[test]
    fn case_does_not_matter() {
        check("Shop.ORDERS", &["shop.orders", "SHOP.Orders"], &["shop.order"]);
    }

    #[test]
    fn a_comma_separates_and_an_escaped_one_is_literal() {
        check(" a.b , c.d ", &["a.b", "c.d"], &["a.d"]);
        check("a.x{1\\,2}", &["a.x", "a.xx"], &["a.xxx"]);
    }

    #[test]
    fn alternatives_bind_weaker_than_the_ends() {
        check(
            "(app|web).order|user",
            &["app.order", "web.user"],
            &["app.orders", "app.super_user", "other.user"],
        );
        check("[app|web].\\.*", &["a.t", "|.t"], &["app.t", "web.t"]);
    }

    #[test]
    fn equal_halves_are_two_halves() {
        check("sc1.sc1", &["sc1.sc1"], &["sc1.sc2"]);
    }

    #[test]
    fn system_schemas_are_never_captured() {
        check(
            "\\.*.\\.*",
            &["shop.t"],
            &["mysql.user", "sys.x", "PERFORMANCE_SCHEMA.t", "information_schema.TABLES"],
        );
    }

    #[test]
    fn exclusion_comes_after_inclusion() {
        let selector = Selector::parse("shop.\\.*", Some("shop.tmp_\\.*,shop.audit")).unwrap();
        assert!(selector.matches("shop", "orders"));
        assert!(!selector.matches("shop", "tmp_1") && !selector.matches("shop", "AUDIT"));
        let tables = [("shop".to_owned(), "audit".to_owned())];
        assert!(selector.nothing_matches(&tables).message.contains("`tables.exclude` takes away all 1"));
    }

    #[test]
    fn a_pattern_without_two_halves_is_refused() {
        for (pattern, parts) in [("orders", 1), ("a.b.c", 3), (".orders", 1)] {
            let error = Selector::parse(pattern, None).unwrap_err();
            assert!(error.message.contains(&format!("has {parts} parts")), "{}", error.message);
        }
        assert!(Selector::parse(" , ", None).unwrap_err().message.contains("names no table"));
        assert!(Selector::parse("a.b\\", None).unwrap_err().message.contains("escapes nothing"));
        assert!(Selector::parse("a.(b", None).unwrap_err().message.contains("`(b` in option `tables`"));
    }

    #[test]
    fn a_selection_without_tables_names_what_exists_and_what_was_meant() {
        let selector = Selector::parse("[app|web].order", None).unwrap();
        let tables =
            [("app", "orders"), ("zzz", "q"), ("web", "order")].map(|(d, t)| (d.to_owned(), t.to_owned()));
        let message = selector.nothing_matches(&tables).message;
        assert!(message.contains("`[app|web].order`"), "{message}");
        assert!(message.contains("nearest that exist are `web.order`"), "{message}");
        assert!(message.contains("write `(app|web)`"), "{message}");
        assert!(Selector::parse("x[0-9|a].t", None).unwrap().doubts().len() == 1);
        assert!(Selector::parse("x[0-9]|[a-f].t", None).unwrap().doubts().is_empty());
    }
}
