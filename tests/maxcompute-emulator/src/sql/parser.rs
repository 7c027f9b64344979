use super::cursor::Parser;
use super::statement::{ColumnClause, CreateTable, SchemaName, Statement};
use super::token::SqlError;

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

impl Parser {
    fn statement(&mut self) -> Result<Statement, SqlError> {
        if self.take_keyword("create") {
            if self.take_keyword("schema") {
                let if_not_exists = self.if_not_exists()?;
                return Ok(Statement::CreateSchema { schema: self.schema_name()?, if_not_exists });
            }
            self.keyword("table")?;
            self.create_table().map(Statement::CreateTable)
        } else if self.take_keyword("drop") {
            if self.take_keyword("schema") {
                let if_exists = self.if_exists()?;
                return Ok(Statement::DropSchema { schema: self.schema_name()?, if_exists });
            }
            self.keyword("table")?;
            let if_exists = self.if_exists()?;
            Ok(Statement::DropTable { table: self.table_name()?, if_exists })
        } else if self.take_keyword("truncate") {
            self.keyword("table")?;
            let table = self.table_name()?;
            let partitions = if self.is_keyword("partition") { self.partitions()? } else { Vec::new() };
            Ok(Statement::TruncateTable { table, partitions })
        } else if self.take_keyword("alter") {
            self.keyword("table")?;
            self.alter_table()
        } else if self.is_keyword("select") || self.is_keyword("with") || self.is_symbol('(') {
            Ok(Statement::Query(self.query()))
        } else {
            Err(self.unexpected("CREATE, DROP, TRUNCATE TABLE, ALTER TABLE or SELECT"))
        }
    }

    /// `[project.]schema`.
    fn schema_name(&mut self) -> Result<SchemaName, SqlError> {
        let position = self.position();
        let mut name = SchemaName { project: None, schema: self.name()?, position };
        if self.take_symbol('.') {
            name.project = Some(std::mem::replace(&mut name.schema, self.name()?));
        }
        Ok(name)
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

    pub(super) fn column_clause(&mut self) -> Result<ColumnClause, SqlError> {
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

    pub(super) fn properties(&mut self, into: &mut Vec<(String, String)>) -> Result<(), SqlError> {
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
}

#[cfg(test)]
mod tests {
    use super::super::statement::Projection;
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
        let simple = |statement: &Statement| match statement {
            Statement::Query(query) => query.simple().expect("a simple query").clone(),
            other => panic!("{other:?}"),
        };
        let select = simple(&statements[0]);
        assert_eq!(select.filter, [("pt".into(), "x".into()), ("hh".into(), "1".into())]);
        assert_eq!(select.limit, Some(5));
        let select = simple(&statements[1]);
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
            ("grant all", "[1,1]"),
            ("create table t (id decimal(99,1))", "precision"),
        ] {
            let error = parse_statements(sql).unwrap_err().to_string();
            assert!(error.contains(expected), "{sql}: {error}");
        }
    }
}
