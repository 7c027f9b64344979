use super::statement::{ColumnClause, CreateTable, Projection, Select, Statement, TableName};
use super::token::{Position, SqlError, Token, TokenKind, tokenize};
use crate::schema::PartitionSpec;

/// Parses the statements of a query; empty ones between semicolons are left out.
///
/// # Errors
/// [`SqlError`] at the first token that fits no known statement.
pub fn parse_statements(sql: &str) -> Result<Vec<Statement>, SqlError> {
    let mut parser = Parser::new(sql)?;
    let mut statements = Vec::new();
    loop {
        while parser.take_symbol(';') {}
        if parser.at_end() {
            return Ok(statements);
        }
        statements.push(parser.statement()?);
        if !parser.at_end() {
            parser.symbol(';')?;
        }
    }
}

/// A cursor over tokens; recursive descent without backtracking.
pub(super) struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    pub(super) fn new(sql: &str) -> Result<Self, SqlError> {
        Ok(Self { tokens: tokenize(sql)?, next: 0 })
    }

    fn statement(&mut self) -> Result<Statement, SqlError> {
        if self.take_keyword("create") {
            self.keyword("table")?;
            self.create_table().map(Statement::CreateTable)
        } else if self.take_keyword("drop") {
            self.keyword("table")?;
            let if_exists = self.take_keyword("if");
            if if_exists {
                self.keyword("exists")?;
            }
            Ok(Statement::DropTable { table: self.table_name()?, if_exists })
        } else if self.take_keyword("truncate") {
            self.keyword("table")?;
            Ok(Statement::TruncateTable { table: self.table_name()? })
        } else if self.take_keyword("alter") {
            self.keyword("table")?;
            self.alter_table()
        } else if self.take_keyword("select") {
            self.select().map(Statement::Select)
        } else {
            Err(self.unexpected("CREATE TABLE, DROP TABLE, TRUNCATE TABLE, ALTER TABLE or SELECT"))
        }
    }

    fn create_table(&mut self) -> Result<CreateTable, SqlError> {
        let if_not_exists = self.if_not_exists()?;
        let mut create = CreateTable {
            table: self.table_name()?,
            if_not_exists,
            columns: Vec::new(),
            primary_key: Vec::new(),
            partition_keys: Vec::new(),
            comment: String::new(),
            properties: Vec::new(),
            lifecycle: None,
        };
        self.symbol('(')?;
        loop {
            if self.take_keyword("primary") {
                self.keyword("key")?;
                create.primary_key = self.names()?;
            } else {
                create.columns.push(self.column_clause()?);
            }
            if !self.take_symbol(',') {
                break;
            }
        }
        self.symbol(')')?;
        loop {
            if self.take_keyword("comment") {
                create.comment = self.text()?;
            } else if self.take_keyword("partitioned") {
                self.keyword("by")?;
                self.symbol('(')?;
                create.partition_keys.push(self.column_clause()?);
                while self.take_symbol(',') {
                    create.partition_keys.push(self.column_clause()?);
                }
                self.symbol(')')?;
            } else if self.take_keyword("tblproperties") {
                self.properties(&mut create.properties)?;
            } else if self.take_keyword("lifecycle") {
                create.lifecycle = Some(self.integer()?);
            } else {
                return Ok(create);
            }
        }
    }

    fn column_clause(&mut self) -> Result<ColumnClause, SqlError> {
        let position = self.position();
        let name = self.name()?;
        let data_type = self.data_type()?;
        let mut column = ColumnClause { name, data_type, nullable: true, comment: String::new(), position };
        loop {
            if self.take_keyword("not") {
                self.keyword("null")?;
                column.nullable = false;
            } else if self.take_keyword("comment") {
                column.comment = self.text()?;
            } else if !self.take_keyword("null") {
                return Ok(column);
            }
        }
    }

    fn properties(&mut self, into: &mut Vec<(String, String)>) -> Result<(), SqlError> {
        self.symbol('(')?;
        loop {
            let key = self.text()?;
            self.symbol('=')?;
            into.push((key, self.text()?));
            if !self.take_symbol(',') {
                return self.symbol(')');
            }
        }
    }

    fn alter_table(&mut self) -> Result<Statement, SqlError> {
        let table = self.table_name()?;
        if !self.take_keyword("add") {
            return Err(self.unexpected("ADD PARTITION, the only ALTER TABLE that this emulator executes"));
        }
        let if_not_exists = self.if_not_exists()?;
        let mut partitions = Vec::new();
        loop {
            self.keyword("partition")?;
            partitions.push(self.partition_spec()?);
            if !self.is_keyword("partition") {
                return Ok(Statement::AddPartitions { table, if_not_exists, partitions });
            }
        }
    }

    fn partition_spec(&mut self) -> Result<PartitionSpec, SqlError> {
        self.symbol('(')?;
        let mut values = Vec::new();
        loop {
            let key = self.name()?;
            self.symbol('=')?;
            let position = self.position();
            let value = self.literal()?;
            if value.is_empty() {
                let message = format!("partition key {key} has an empty value");
                return Err(SqlError { position, message });
            }
            values.push((key, value));
            if !self.take_symbol(',') {
                self.symbol(')')?;
                return Ok(PartitionSpec::new(values));
            }
        }
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

    fn table_name(&mut self) -> Result<TableName, SqlError> {
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

    fn names(&mut self) -> Result<Vec<String>, SqlError> {
        self.symbol('(')?;
        let mut names = vec![self.name()?];
        while self.take_symbol(',') {
            names.push(self.name()?);
        }
        self.symbol(')')?;
        Ok(names)
    }

    fn if_not_exists(&mut self) -> Result<bool, SqlError> {
        let found = self.take_keyword("if");
        if found {
            self.keyword("not")?;
            self.keyword("exists")?;
        }
        Ok(found)
    }

    /// A name in lower case.
    fn name(&mut self) -> Result<String, SqlError> {
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

    fn text(&mut self) -> Result<String, SqlError> {
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
    fn literal(&mut self) -> Result<String, SqlError> {
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

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.kind(), TokenKind::Word { text, quoted: false } if text.eq_ignore_ascii_case(keyword))
    }

    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.next += usize::from(found);
        found
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), SqlError> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(self.unexpected(&keyword.to_uppercase())) }
    }

    fn is_symbol(&self, symbol: char) -> bool {
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

    fn kind(&self) -> &TokenKind {
        self.tokens.get(self.next).map_or(&TokenKind::End, |token| &token.kind)
    }

    pub(super) fn position(&self) -> Position {
        self.tokens.get(self.next).or(self.tokens.last()).map(|token| token.position).unwrap_or_default()
    }

    pub(super) fn unexpected(&self, expected: &str) -> SqlError {
        SqlError { position: self.position(), message: format!("expected {expected}, found {}", self.kind()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::DataType;

    fn create(sql: &str) -> CreateTable {
        match parse_statements(sql).unwrap().remove(0) {
            Statement::CreateTable(create) => create,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_java_dialect_of_a_delta_table_is_read() {
        let create = create(
            "CREATE TABLE IF NOT EXISTS `p`.`s`.`t` (`id` BIGINT NOT NULL COMMENT 'it\\'s',`v` DECIMAL(10,2),\
             `st` STRUCT<`a`:INT,`b`:ARRAY<STRING>>, PRIMARY KEY(`id`)) \
             TBLPROPERTIES('transactional'='true','write.bucket.num'='16');",
        );
        assert!(create.if_not_exists);
        assert_eq!(create.table.parts, ["p", "s", "t"]);
        assert_eq!(create.primary_key, ["id"]);
        assert_eq!(create.columns[0].comment, "it's");
        assert!(!create.columns[0].nullable);
        assert_eq!(create.columns[2].data_type.to_string(), "struct<a:int,b:array<string>>");
        assert_eq!(create.properties[1], ("write.bucket.num".to_owned(), "16".to_owned()));
    }

    #[test]
    fn the_pyodps_dialect_is_read() {
        let create = create(
            "CREATE TABLE proj.`t` (\n  `id` BIGINT NOT NULL,\n  `v` MAP<STRING,BIGINT> COMMENT \"x\"\n)\n\
             COMMENT 'table'\nPARTITIONED BY (\n  `pt` STRING COMMENT 'day'\n)\nLIFECYCLE 7",
        );
        assert_eq!(create.partition_keys[0].name, "pt");
        assert_eq!(create.lifecycle, Some(7));
        assert_eq!(create.comment, "table");
        assert_eq!(
            create.columns[1].data_type,
            DataType::Map(Box::new(DataType::String), Box::new(DataType::BigInt))
        );
    }

    #[test]
    fn a_quoted_keyword_is_a_name() {
        let create = create("create table t (`primary` string, `comment` int)");
        assert_eq!(create.columns[0].name, "primary");
        assert_eq!(create.columns[1].name, "comment");
    }

    #[test]
    fn selects_on_partitions_are_read() {
        let statements =
            parse_statements("SELECT * FROM p.`t` WHERE pt='x' and hh=1 LIMIT 5; select count(*) from t")
                .unwrap();
        let Statement::Select(select) = &statements[0] else { panic!("{statements:?}") };
        assert_eq!(select.filter, [("pt".into(), "x".into()), ("hh".into(), "1".into())]);
        assert_eq!(select.limit, Some(5));
        let Statement::Select(select) = &statements[1] else { panic!("{statements:?}") };
        assert_eq!(select.projection, Projection::Count { alias: None });
    }

    #[test]
    fn errors_name_the_place_and_what_was_expected() {
        for (sql, expected) in [
            ("CREATE VIEW v", "ODPS-0130161:[1,8] Parse exception - expected TABLE, found 'VIEW'"),
            ("create table t (id bigint", "[1,26]"),
            ("create table t (id foo)", "[1,20]"),
            ("drop table a.b.c.d", "at most three parts"),
            ("alter table t add partition (pt='')", "empty value"),
            ("select a+1 from t", "expected FROM"),
            ("grant all", "[1,1]"),
            ("create table t (id decimal(99,1))", "precision"),
        ] {
            let error = parse_statements(sql).unwrap_err().to_string();
            assert!(error.contains(expected), "{sql}: {error}");
        }
    }
}
