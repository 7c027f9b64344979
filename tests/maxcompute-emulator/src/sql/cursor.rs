use super::reserved::is_reserved;
use super::statement::TableName;
use super::token::{Position, SqlError, Token, TokenKind, tokenize};

/// A cursor over tokens; recursive descent without backtracking.
pub(super) struct Parser {
    pub(super) tokens: Vec<Token>,
    pub(super) next: usize,
}

impl Parser {
    pub(super) fn new(sql: &str) -> Result<Self, SqlError> {
        Ok(Self { tokens: tokenize(sql)?, next: 0 })
    }

    pub(super) fn table_name(&mut self) -> Result<TableName, SqlError> {
        let position = self.position();
        let mut parts = vec![self.name()?];
        while self.take_symbol('.') {
            parts.push(self.name()?);
        }
        if parts.len() > 3 {
            let message = "a table name has at most three parts: project.schema.table".to_owned();
            return Err(SqlError { position, message });
        }
        Ok(TableName { parts, position })
    }

    pub(super) fn names(&mut self) -> Result<Vec<String>, SqlError> {
        self.symbol('(')?;
        let mut names = vec![self.name()?];
        while self.take_symbol(',') {
            names.push(self.name()?);
        }
        self.symbol(')')?;
        Ok(names)
    }

    pub(super) fn if_not_exists(&mut self) -> Result<bool, SqlError> {
        let found = self.take_keyword("if");
        if found {
            self.keyword("not")?;
            self.keyword("exists")?;
        }
        Ok(found)
    }

    pub(super) fn if_exists(&mut self) -> Result<bool, SqlError> {
        let found = self.take_keyword("if");
        if found {
            self.keyword("exists")?;
        }
        Ok(found)
    }

    /// A name in lower case; a reserved word is one in backticks only.
    pub(super) fn name(&mut self) -> Result<String, SqlError> {
        if let TokenKind::Word { text, quoted: false } = self.kind()
            && is_reserved(text)
        {
            let message = format!("expected a name, found the reserved word '{text}'; write it in backticks");
            return Err(SqlError { position: self.position(), message });
        }
        self.raw_name("a name").map(|name| name.to_lowercase())
    }

    /// A name as written.
    pub(super) fn raw_name(&mut self, expected: &str) -> Result<String, SqlError> {
        match self.kind() {
            TokenKind::Word { text, .. } => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, SqlError> {
        match self.kind() {
            TokenKind::Text(text) => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.unexpected("a string")),
        }
    }

    /// A string or a number, as text.
    pub(super) fn literal(&mut self) -> Result<String, SqlError> {
        match self.kind() {
            TokenKind::Text(text) | TokenKind::Number(text) => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.unexpected("a string or a number")),
        }
    }

    pub(super) fn integer<T: std::str::FromStr>(&mut self) -> Result<T, SqlError> {
        let TokenKind::Number(text) = self.kind() else { return Err(self.unexpected("a number")) };
        let Ok(number) = text.parse() else {
            let message = format!("{text} is out of range here");
            return Err(SqlError { position: self.position(), message });
        };
        self.next += 1;
        Ok(number)
    }

    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.kind(), TokenKind::Word { text, quoted: false } if text.eq_ignore_ascii_case(keyword))
    }

    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.next += usize::from(found);
        found
    }

    pub(super) fn keyword(&mut self, keyword: &str) -> Result<(), SqlError> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.unexpected(&keyword.to_uppercase())) }
    }

    pub(super) fn is_symbol(&self, symbol: char) -> bool {
        *self.kind() == TokenKind::Symbol(symbol)
    }

    pub(super) fn take_symbol(&mut self, symbol: char) -> bool {
        let found = self.is_symbol(symbol);
        self.next += usize::from(found);
        found
    }

    pub(super) fn symbol(&mut self, symbol: char) -> Result<(), SqlError> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.unexpected(&format!("'{symbol}'"))) }
    }

    pub(super) fn at_end(&self) -> bool {
        *self.kind() == TokenKind::End
    }

    pub(super) fn kind(&self) -> &TokenKind {
        self.tokens.get(self.next).map_or(&TokenKind::End, |token| &token.kind)
    }

    pub(super) fn position(&self) -> Position {
        self.tokens.get(self.next).or(self.tokens.last()).map(|token| token.position).unwrap_or_default()
    }

    pub(super) fn unexpected(&self, expected: &str) -> SqlError {
        SqlError { position: self.position(), message: format!("expected {expected}, found {}", self.kind()) }
    }
}
