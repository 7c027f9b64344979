use super::cursor::Parser;
use super::statement::{Projection, Query, Select};
use super::token::{SqlError, TokenKind};

impl Parser {
    /// Reads a query up to its semicolon. What is no simple SELECT is left as tokens.
    pub(super) fn query(&mut self) -> Query {
        let start = self.next;
        let simple = if self.take_keyword("select") { self.select().ok() } else { None };
        self.next = start;
        while !self.at_end() && !self.is_symbol(';') {
            self.next += 1;
        }
        Query { tokens: self.tokens.get(start..self.next).unwrap_or_default().to_vec(), simple }
    }

    fn select(&mut self) -> Result<Select, SqlError> {
        let projection = self.projection()?;
        self.keyword("from")?;
        let table = self.table_name()?;
        let mut filter = Vec::new();
        if self.take_keyword("where") {
            loop {
                let key = self.name()?;
                self.symbol('=')?;
                filter.push((key, self.literal()?));
                if !self.take_keyword("and") {
                    break;
                }
            }
        }
        let limit = if self.take_keyword("limit") { Some(self.integer()?) } else { None };
        if !self.at_end() && !self.is_symbol(';') {
            return Err(self.unexpected("WHERE partition_key = value, LIMIT or the end of the statement"));
        }
        Ok(Select { projection, table, filter, limit })
    }

    fn projection(&mut self) -> Result<Projection, SqlError> {
        if self.take_symbol('*') {
            return Ok(Projection::All);
        }
        let counts = self.is_keyword("count")
            && self.tokens.get(self.next + 1).is_some_and(|token| token.kind == TokenKind::Symbol('('));
        if counts {
            self.keyword("count")?;
            self.symbol('(')?;
            if !self.take_symbol('*') && self.integer::<u64>()? != 1 {
                return Err(self.unexpected("count(*) or count(1)"));
            }
            self.symbol(')')?;
            let alias =
                if self.take_keyword("as") || !self.is_keyword("from") { Some(self.name()?) } else { None };
            return Ok(Projection::Count { alias });
        }
        let mut columns = vec![self.name()?];
        while self.take_symbol(',') {
            columns.push(self.name()?);
        }
        Ok(Projection::Columns(columns))
    }
}
