use std::collections::HashSet;
use std::fmt::Write as _;

use super::super::reserved::is_reserved;
use super::super::statement::TableName;
use super::super::token::{Position, Token, TokenKind};

/// A query for SQLite.
#[derive(Debug, Default)]
pub(super) struct Translated {
    pub(super) sql: String,
    /// The tables that it reads; the n-th is called `tn` in the SQL.
    pub(super) tables: Vec<TableName>,
    /// Texts for the parameters `?1`, `?2`, ….
    pub(super) texts: Vec<String>,
    /// Where each token begins in the SQL, and where it stood in the statement.
    positions: Vec<(usize, Position)>,
}

impl Translated {
    /// Where the token at a byte of the SQL stood in the statement.
    pub(super) fn position_of(&self, offset: usize) -> Position {
        let after = self.positions.partition_point(|(start, _)| *start <= offset);
        after
            .checked_sub(1)
            .and_then(|at| self.positions.get(at))
            .map_or_else(|| self.start(), |(_, position)| *position)
    }

    pub(super) fn start(&self) -> Position {
        self.positions.first().map(|(_, position)| *position).unwrap_or_default()
    }
}

/// Words that end the list of tables of a FROM.
const AFTER_FROM: [&str; 10] =
    ["where", "group", "order", "having", "limit", "union", "intersect", "except", "minus", "select"];
/// Words that may follow a table without being its alias.
const AFTER_TABLE: [&str; 9] = ["join", "left", "right", "full", "inner", "cross", "on", "using", "natural"];

/// Translates the tokens of a query, which has no semicolon.
pub(super) fn translate(tokens: &[Token]) -> Translated {
    let mut translator = Translator {
        tokens,
        at: 0,
        out: Translated::default(),
        common: common_tables(tokens),
        from: vec![false],
        casts: Vec::new(),
        table_may_follow: false,
    };
    while translator.at < tokens.len() {
        translator.token();
    }
    translator.out
}

struct Translator<'a> {
    tokens: &'a [Token],
    at: usize,
    out: Translated,
    /// Names that WITH defines.
    common: HashSet<String>,
    /// For each open parenthesis and the statement itself, whether a list of tables is being read.
    from: Vec<bool>,
    /// Depths at which a CAST is open.
    casts: Vec<usize>,
    table_may_follow: bool,
}

impl Translator<'_> {
    fn token(&mut self) {
        let Some(token) = self.tokens.get(self.at) else { return };
        let after_table_word = std::mem::take(&mut self.table_may_follow);
        self.begin(token);
        match &token.kind {
            TokenKind::Word { text, quoted } => self.word(text, *quoted, after_table_word),
            TokenKind::Text(text) => self.text(text),
            TokenKind::Number(number) => self.out.sql.push_str(number),
            TokenKind::Symbol(symbol) => self.symbol(*symbol),
            TokenKind::End => {}
        }
        self.at += 1;
    }

    /// Notes where a token begins; a blank keeps it from its predecessor unless both stood together.
    fn begin(&mut self, token: &Token) {
        let together =
            self.at.checked_sub(1).and_then(|before| self.tokens.get(before)).is_some_and(|before| {
                let width = match &before.kind {
                    TokenKind::Symbol(_) => 1,
                    TokenKind::Number(text) => text.len() as u32,
                    _ => return false,
                };
                before.position.line == token.position.line
                    && before.position.column + width == token.position.column
            });
        if !together {
            self.out.sql.push(' ');
        }
        self.out.positions.push((self.out.sql.len(), token.position));
    }

    fn word(&mut self, text: &str, quoted: bool, after_table_word: bool) {
        let lower = text.to_lowercase();
        let next_is = |symbol: char| self.next_symbol() == Some(symbol);
        if after_table_word && (quoted || !is_reserved(&lower)) {
            return self.table();
        }
        if quoted {
            return self.name(text);
        }
        match lower.as_str() {
            "from" | "join" => {
                self.table_may_follow = true;
                self.set_from(true);
                self.out.sql.push_str(&lower);
            }
            word if AFTER_FROM.contains(&word) => {
                self.set_from(false);
                self.out.sql.push_str(if word == "minus" { "except" } else { word });
            }
            "cast" if next_is('(') => {
                self.casts.push(self.from.len());
                self.out.sql.push_str("cast");
            }
            "as" if self.casts.last() == Some(&(self.from.len() - 1)) => self.cast_type(),
            "nvl" if next_is('(') => self.out.sql.push_str("ifnull"),
            "if" if next_is('(') => self.out.sql.push_str("iif"),
            "div" => self.out.sql.push('/'),
            "like" => {
                self.out.sql.push_str("like");
                // A backslash escapes % and _, as the literal's reader left them.
                if let Some(TokenKind::Text(pattern)) = self.kind(1) {
                    let pattern = pattern.clone();
                    self.at += 1;
                    self.out.sql.push(' ');
                    self.text(&pattern);
                    self.out.sql.push_str(" escape '\\'");
                }
            }
            _ if next_is('(') || is_reserved(&lower) || is_operator(&lower) => self.out.sql.push_str(text),
            _ => self.name(text),
        }
    }

    /// `AS type` of a CAST, in a type whose affinity is right in SQLite.
    fn cast_type(&mut self) {
        self.out.sql.push_str("as ");
        let Some(TokenKind::Word { text, .. }) = self.kind(1) else { return };
        let affinity = match text.to_lowercase().as_str() {
            "tinyint" | "smallint" | "int" | "integer" | "bigint" | "boolean" => "integer",
            "float" | "double" | "decimal" => "real",
            "binary" => "blob",
            _ => "text",
        };
        self.out.sql.push_str(affinity);
        self.at += 1;
        // DECIMAL(10,2), VARCHAR(10): the arguments stay.
        self.casts.pop();
    }

    fn symbol(&mut self, symbol: char) {
        match symbol {
            '(' => {
                self.from.push(false);
                self.out.sql.push('(');
            }
            ')' => {
                if self.from.len() > 1 {
                    self.from.pop();
                }
                self.casts.retain(|depth| *depth < self.from.len());
                self.out.sql.push(')');
            }
            ',' => {
                self.table_may_follow = self.from.last() == Some(&true);
                self.out.sql.push(',');
            }
            // The quotient of integers is a DOUBLE.
            '/' => self.out.sql.push_str("* 1.0 /"),
            other => self.out.sql.push(other),
        }
    }

    /// A table's name: replaced by its copy's, which goes by the table's own name unless it has an alias.
    fn table(&mut self) {
        let Some(first) = self.tokens.get(self.at) else { return };
        let mut parts = vec![self.word_at(0).unwrap_or_default()];
        while self.next_symbol() == Some('.') {
            let Some(part) = self.word_at(2) else { break };
            parts.push(part);
            self.at += 2;
        }
        let own = parts.last().cloned().unwrap_or_default();
        if parts.len() == 1 && self.common.contains(&own) {
            return self.name(&own);
        }
        let name = TableName { parts, position: first.position };
        let found = self.out.tables.iter().position(|table| table.parts == name.parts);
        let number = found.unwrap_or_else(|| {
            self.out.tables.push(name);
            self.out.tables.len() - 1
        });
        // Writing to a String cannot fail.
        write!(self.out.sql, "t{number}").ok();
        let aliased = match self.kind(1) {
            Some(TokenKind::Word { quoted: true, .. }) => true,
            Some(TokenKind::Word { text, .. }) => {
                let word = text.to_lowercase();
                word == "as" || !(AFTER_FROM.contains(&word.as_str()) || AFTER_TABLE.contains(&word.as_str()))
            }
            _ => false,
        };
        if !aliased {
            self.out.sql.push_str(" as ");
            self.name(&own);
        }
    }

    /// A name in backticks, which SQLite never takes for a string.
    fn name(&mut self, name: &str) {
        write!(self.out.sql, "`{}`", name.to_lowercase().replace('`', "``")).ok();
    }

    fn text(&mut self, text: &str) {
        self.out.texts.push(text.to_owned());
        write!(self.out.sql, "?{}", self.out.texts.len()).ok();
    }

    fn set_from(&mut self, reading: bool) {
        if let Some(from) = self.from.last_mut() {
            *from = reading;
        }
    }

    fn kind(&self, ahead: usize) -> Option<&TokenKind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    fn word_at(&self, ahead: usize) -> Option<String> {
        match self.kind(ahead) {
            Some(TokenKind::Word { text, .. }) => Some(text.to_lowercase()),
            _ => None,
        }
    }

    fn next_symbol(&self) -> Option<char> {
        match self.kind(1) {
            Some(TokenKind::Symbol(symbol)) => Some(*symbol),
            _ => None,
        }
    }
}

/// Words of SQL that MaxCompute does not reserve.
fn is_operator(word: &str) -> bool {
    matches!(
        word,
        "with" | "inner" | "natural" | "except" | "escape" | "nulls" | "last" | "current_timestamp"
    )
}

/// The names that `WITH a AS (…), b AS (…)` defines: every `name AS (`.
fn common_tables(tokens: &[Token]) -> HashSet<String> {
    let with = |token: &Token| matches!(&token.kind, TokenKind::Word { text, quoted: false } if text.eq_ignore_ascii_case("with"));
    if !tokens.iter().any(with) {
        return HashSet::new();
    }
    let names = tokens.windows(3).filter_map(|window| match window {
        [name, as_word, open] => match (&name.kind, &as_word.kind, &open.kind) {
            (
                TokenKind::Word { text, .. },
                TokenKind::Word { text: word, quoted: false },
                TokenKind::Symbol('('),
            ) if word.eq_ignore_ascii_case("as") => Some(text.to_lowercase()),
            _ => None,
        },
        _ => None,
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::token::tokenize;
    use super::*;

    fn translated(sql: &str) -> Translated {
        translate(&tokenize(sql).unwrap())
    }

    fn sql(text: &str) -> String {
        translated(text).sql.trim().to_owned()
    }

    #[test]
    fn tables_become_their_copies_under_the_same_name() {
        assert_eq!(sql("select * from p.`T` where a=1"), "select * from t0 as `t` where `a` =1");
        assert_eq!(
            sql("select x.a from p.s.t x join u y on x.a = y.a, v"),
            "select `x` .`a` from t0 `x` join t1 `y` on `x` .`a` = `y` .`a` , t2 as `v`"
        );
        let twice = translated("select * from t a left join T b on a.i = b.i");
        assert_eq!(twice.tables.len(), 1);
    }

    #[test]
    fn what_is_no_table_stays() {
        assert_eq!(
            sql("with w as (select 1 as a) select count(*), max(a) from w order by 1 limit 3"),
            "with `w` as (select 1 as `a` ) select count (*), max (`a` ) from `w` order by 1 limit 3"
        );
        assert_eq!(
            sql("select * from (select a from t) x"),
            "select * from (select `a` from t0 as `t` ) `x`"
        );
    }

    #[test]
    fn functions_and_operators_that_differ_are_replaced() {
        assert_eq!(sql("select nvl(a,'x')"), "select ifnull (`a` ,?1 )");
        assert_eq!(sql("select a/b, a div b"), "select `a` * 1.0 /`b` , `a` / `b`");
        assert_eq!(sql("select cast(a as string)"), "select cast (`a` as text )");
        assert_eq!(
            sql("select a from t where b like 'x\\_%'"),
            "select `a` from t0 as `t` where `b` like ?1 escape '\\'"
        );
        assert_eq!(sql("select a<>-1, 1e5"), "select `a` <>-1, 1e5");
    }

    #[test]
    fn an_offset_finds_its_token() {
        let translated = translated("select a,\n  nope from t");
        let offset = translated.sql.find("`nope`").unwrap();
        assert_eq!(translated.position_of(offset), Position { line: 2, column: 3 });
    }
}
