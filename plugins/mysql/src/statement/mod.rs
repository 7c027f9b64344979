//! What a statement in the binlog does to tables, as far as a reader of rows must know.
//!
//! The statement is not parsed whole: its first words say what it is, and where it names tables. What is not understood
//! counts as touching every table whose name appears in it.

pub(crate) mod tokens;

use crate::binlog::query::Query;
use tokens::{Token, Tokens};

/// A statement, classified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// A transaction begins.
    Begin,
    /// It ends.
    Commit,
    /// It ends, and some of it was undone.
    Rollback,
    /// A part of it was undone.
    RollbackToSavepoint,
    /// Within a transaction; means nothing to a reader of rows.
    Savepoint,
    /// Of a two-phase transaction.
    Xa,
    /// Changes tables, or rows without row events.
    Tables {
        /// How.
        action: Action,
        /// Which.
        names: Vec<Name>,
    },
    /// All tables of a database go.
    DropDatabase(String),
    /// Neither shape nor rows of any table change.
    Harmless,
}

/// What is done to tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// CREATE TABLE
    Create {
        /// Nothing happens when the table exists.
        if_not_exists: bool,
    },
    /// ALTER TABLE
    Alter,
    /// DROP TABLE
    Drop,
    /// RENAME TABLE, names old and new
    Rename,
    /// TRUNCATE
    Truncate,
    /// DML of statement format
    Write,
    /// Not understood; the names are all identifiers of the statement.
    Unknown,
}

/// A table as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// None for the default database.
    pub database: Option<String>,
    /// In the statement's own case.
    pub table: String,
}

/// Objects that are no tables, after CREATE, ALTER or DROP.
const OBJECTS: [&str; 22] = [
    "INDEX",
    "VIEW",
    "TRIGGER",
    "PROCEDURE",
    "FUNCTION",
    "EVENT",
    "USER",
    "ROLE",
    "SERVER",
    "TABLESPACE",
    "LOGFILE",
    "UNDO",
    "INSTANCE",
    "RESOURCE",
    "REFERENCE",
    "SEQUENCE",
    "PACKAGE",
    "LIBRARY",
    "PREPARE",
    "DATABASE",
    "SCHEMA",
    "MASKING",
];
/// Statements that change no table and no row.
const HARMLESS: [&str; 27] = [
    "GRANT",
    "REVOKE",
    "SET",
    "FLUSH",
    "ANALYZE",
    "OPTIMIZE",
    "REPAIR",
    "CHECK",
    "CHECKSUM",
    "CACHE",
    "INSTALL",
    "UNINSTALL",
    "KILL",
    "LOCK",
    "UNLOCK",
    "RESET",
    "PURGE",
    "SHOW",
    "USE",
    "EXPLAIN",
    "DESCRIBE",
    "DESC",
    "HELP",
    "CHANGE",
    "STOP",
    "SHUTDOWN",
    "DEALLOCATE",
];
const WRITES: [&str; 12] = [
    "INSERT", "REPLACE", "UPDATE", "DELETE", "LOAD", "CALL", "DO", "WITH", "SELECT", "TABLE", "VALUES",
    "IMPORT",
];

// === impl Statement ===

impl Statement {
    /// Classify a statement of the binlog.
    #[must_use]
    pub fn classify(query: &Query) -> Self {
        let mut parser = Parser { tokens: Tokens::new(&query.sql, query.sql_mode).peekable() };
        let Some(verb) = parser.word() else {
            // Nothing but comments, or something that begins with a sign.
            return if parser.tokens.peek().is_none() {
                Self::Harmless
            } else {
                parser.everything(Action::Unknown)
            };
        };
        match verb.as_str() {
            "BEGIN" => Self::Begin,
            "START" if parser.skip("TRANSACTION") => Self::Begin,
            "START" => Self::Harmless,
            "COMMIT" => Self::Commit,
            "ROLLBACK" => {
                if parser.any(|token| token.is("TO")) {
                    Self::RollbackToSavepoint
                } else {
                    Self::Rollback
                }
            }
            "SAVEPOINT" | "RELEASE" => Self::Savepoint,
            "XA" => Self::Xa,
            "CREATE" => parser.create(),
            "ALTER" => parser.alter(),
            "DROP" => parser.drop(),
            "RENAME" => parser.rename(),
            "TRUNCATE" => {
                parser.skip("TABLE");
                parser.tables(Action::Truncate)
            }
            verb if HARMLESS.contains(&verb) => Self::Harmless,
            verb if WRITES.contains(&verb) => parser.everything(Action::Write),
            _ => parser.everything(Action::Unknown),
        }
    }
}

impl Action {
    /// For messages.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Create { .. } => "CREATE TABLE",
            Self::Alter => "ALTER TABLE",
            Self::Drop => "DROP TABLE",
            Self::Rename => "RENAME TABLE",
            Self::Truncate => "TRUNCATE TABLE",
            Self::Write => "statement-format DML",
            Self::Unknown => "a statement that is not understood",
        }
    }
}

/// The beginning of a statement on one line, for messages.
#[must_use]
pub fn shortened(sql: &str) -> String {
    const MOST: usize = 160;
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

struct Parser<'a> {
    tokens: std::iter::Peekable<Tokens<'a>>,
}

/// What a CREATE, ALTER or DROP is about.
enum Object {
    Table { temporary: bool },
    Database,
    Other,
    Unknown,
}

// === impl Parser ===

impl Parser<'_> {
    /// The next token, where it is an unquoted word; in upper case.
    fn word(&mut self) -> Option<String> {
        let word = match self.tokens.peek()? {
            Token::Word(word) => word.to_ascii_uppercase(),
            _ => return None,
        };
        self.tokens.next();
        Some(word)
    }

    /// Step over a keyword, where it is the next.
    fn skip(&mut self, keyword: &str) -> bool {
        self.tokens.next_if(|token| token.is(keyword)).is_some()
    }

    fn any(&mut self, wanted: impl Fn(&Token<'_>) -> bool) -> bool {
        self.tokens.any(|token| wanted(&token))
    }

    fn name(&mut self) -> Option<Name> {
        let first = self.identifier()?;
        if self.tokens.next_if(|token| matches!(token, Token::Sign('.'))).is_none() {
            return Some(Name { database: None, table: first });
        }
        Some(Name { database: Some(first), table: self.identifier()? })
    }

    fn identifier(&mut self) -> Option<String> {
        let identifier = match self.tokens.peek()? {
            Token::Word(word) => (*word).to_owned(),
            Token::Quoted(name) => name.clone(),
            _ => return None,
        };
        self.tokens.next();
        Some(identifier)
    }

    /// Names with commas between them.
    fn tables(&mut self, action: Action) -> Statement {
        let mut names = Vec::new();
        while let Some(name) = self.name() {
            names.push(name);
            if self.tokens.next_if(|token| matches!(token, Token::Sign(','))).is_none() {
                break;
            }
        }
        if names.is_empty() { self.everything(Action::Unknown) } else { Statement::Tables { action, names } }
    }

    /// Every identifier that is left, qualified where it is.
    fn everything(&mut self, action: Action) -> Statement {
        let mut names = Vec::new();
        while self.tokens.peek().is_some() {
            match self.name() {
                Some(name) => names.push(name),
                None => drop(self.tokens.next()),
            }
        }
        Statement::Tables { action, names }
    }

    /// Find the object after CREATE, ALTER or DROP, over definers, algorithms and kinds of index.
    fn object(&mut self) -> Object {
        let mut temporary = false;
        for token in self.tokens.by_ref() {
            let Token::Word(word) = token else { continue };
            match word.to_ascii_uppercase().as_str() {
                "TABLE" | "TABLES" => return Object::Table { temporary },
                "TEMPORARY" => temporary = true,
                "DATABASE" | "SCHEMA" => return Object::Database,
                word if OBJECTS.contains(&word) => return Object::Other,
                _ => {}
            }
        }
        Object::Unknown
    }

    fn create(&mut self) -> Statement {
        match self.object() {
            Object::Table { temporary: true } | Object::Database | Object::Other => Statement::Harmless,
            Object::Table { temporary: false } => {
                let if_not_exists = self.skip("IF") && self.skip("NOT") && self.skip("EXISTS");
                match self.name() {
                    Some(name) => {
                        Statement::Tables { action: Action::Create { if_not_exists }, names: vec![name] }
                    }
                    None => self.everything(Action::Unknown),
                }
            }
            Object::Unknown => self.everything(Action::Unknown),
        }
    }

    fn alter(&mut self) -> Statement {
        match self.object() {
            Object::Database | Object::Other => return Statement::Harmless,
            Object::Unknown => return self.everything(Action::Unknown),
            Object::Table { .. } => {}
        }
        self.if_exists();
        let Some(name) = self.name() else { return self.everything(Action::Unknown) };
        let mut names = vec![name];
        // A new name, and the table that a partition is exchanged with.
        while let Some(token) = self.tokens.next() {
            if token.is("RENAME") {
                if ["COLUMN", "INDEX", "KEY"].iter().any(|kind| self.skip(kind)) {
                    continue;
                }
                let _ = self.skip("TO")
                    || self.skip("AS")
                    || self.tokens.next_if(|token| matches!(token, Token::Sign('='))).is_some();
                names.extend(self.name());
            } else if token.is("WITH") && self.skip("TABLE") {
                names.extend(self.name());
            }
        }
        Statement::Tables { action: Action::Alter, names }
    }

    fn drop(&mut self) -> Statement {
        match self.object() {
            Object::Table { temporary: true } | Object::Other => Statement::Harmless,
            Object::Table { temporary: false } => {
                self.if_exists();
                self.tables(Action::Drop)
            }
            Object::Database => {
                self.if_exists();
                self.identifier().map_or_else(|| self.everything(Action::Unknown), Statement::DropDatabase)
            }
            Object::Unknown => self.everything(Action::Unknown),
        }
    }

    fn rename(&mut self) -> Statement {
        if !self.skip("TABLE") && !self.skip("TABLES") {
            return if self.skip("USER") { Statement::Harmless } else { self.everything(Action::Unknown) };
        }
        self.if_exists();
        let mut names = Vec::new();
        while let Some(old) = self.name() {
            names.push(old);
            if !self.skip("TO") {
                return self.everything(Action::Unknown);
            }
            names.extend(self.name());
            if self.tokens.next_if(|token| matches!(token, Token::Sign(','))).is_none() {
                break;
            }
        }
        Statement::Tables { action: Action::Rename, names }
    }

    fn if_exists(&mut self) {
        let _ = self.skip("IF") && self.skip("EXISTS");
    }
}

#[cfg(test)]
mod tests;
