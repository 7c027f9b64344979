use super::alter::{Alteration, ColumnChange};
use super::cursor::Parser;
use super::statement::Statement;
use super::token::SqlError;
use crate::schema::PartitionSpec;

impl Parser {
    /// Reads what follows `ALTER TABLE`.
    pub(super) fn alter_table(&mut self) -> Result<Statement, SqlError> {
        let table = self.table_name()?;
        let position = self.position();
        let alteration = self.alteration()?;
        Ok(Statement::AlterTable { table, position, alteration })
    }

    fn alteration(&mut self) -> Result<Alteration, SqlError> {
        if self.take_keyword("add") {
            self.addition()
        } else if self.take_keyword("drop") {
            self.removal()
        } else if self.take_keyword("change") {
            self.take_keyword("column");
            self.column_change()
        } else if self.take_keyword("rename") {
            self.keyword("to")?;
            self.name().map(Alteration::RenameTable)
        } else if self.take_keyword("set") {
            self.setting()
        } else {
            Err(self.unexpected("ADD, DROP, CHANGE COLUMN, RENAME TO or SET"))
        }
    }

    fn addition(&mut self) -> Result<Alteration, SqlError> {
        if self.take_keyword("columns") || self.take_keyword("column") {
            let if_not_exists = self.if_not_exists()?;
            self.symbol('(')?;
            let mut columns = vec![self.column_clause()?];
            while self.take_symbol(',') {
                columns.push(self.column_clause()?);
            }
            self.symbol(')')?;
            return Ok(Alteration::AddColumns { columns, if_not_exists });
        }
        let if_not_exists = self.if_not_exists()?;
        let mut partitions = Vec::new();
        loop {
            self.keyword("partition")?;
            partitions.push(self.partition_spec()?);
            if !self.is_keyword("partition") {
                return Ok(Alteration::AddPartitions { partitions, if_not_exists });
            }
        }
    }

    fn removal(&mut self) -> Result<Alteration, SqlError> {
        if self.take_keyword("columns") || self.take_keyword("column") {
            let mut columns = vec![self.name()?];
            while self.take_symbol(',') {
                columns.push(self.name()?);
            }
            return Ok(Alteration::DropColumns(columns));
        }
        let if_exists = self.if_exists()?;
        let partitions = self.partitions()?;
        Ok(Alteration::DropPartitions { partitions, if_exists })
    }

    /// `PARTITION (…), PARTITION (…)`.
    pub(super) fn partitions(&mut self) -> Result<Vec<PartitionSpec>, SqlError> {
        let mut partitions = Vec::new();
        loop {
            self.keyword("partition")?;
            partitions.push(self.partition_spec()?);
            if !self.take_symbol(',') {
                return Ok(partitions);
            }
        }
    }

    fn column_change(&mut self) -> Result<Alteration, SqlError> {
        let position = self.position();
        let column = self.name()?;
        if self.take_keyword("rename") {
            self.keyword("to")?;
            return Ok(Alteration::RenameColumn { column, name: self.name()? });
        }
        if self.take_keyword("comment") {
            return Ok(Alteration::CommentColumn { column, comment: self.text()? });
        }
        if self.take_keyword("null") {
            return Ok(Alteration::MakeNullable { column });
        }
        let (name, data_type) = (self.name()?, self.data_type()?);
        let mut change =
            ColumnChange { column, name, data_type, not_null: false, comment: None, after: None, position };
        loop {
            if self.take_keyword("not") {
                self.keyword("null")?;
                change.not_null = true;
            } else if self.take_keyword("comment") {
                change.comment = Some(self.text()?);
            } else if self.take_keyword("after") {
                change.after = Some(self.name()?);
            } else if self.at_end() || self.is_symbol(';') {
                return Ok(Alteration::ChangeColumn(change));
            } else {
                return Err(self.unexpected("COMMENT, AFTER or the end of the statement"));
            }
        }
    }

    fn setting(&mut self) -> Result<Alteration, SqlError> {
        if self.take_keyword("comment") {
            self.text().map(Alteration::SetComment)
        } else if self.take_keyword("tblproperties") {
            let mut properties = Vec::new();
            self.properties(&mut properties)?;
            Ok(Alteration::SetProperties(properties))
        } else if self.take_keyword("lifecycle") {
            self.integer().map(Alteration::SetLifecycle)
        } else {
            Err(self.unexpected("COMMENT, TBLPROPERTIES or LIFECYCLE"))
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
}

#[cfg(test)]
mod tests {
    use super::super::parse_statements;
    use super::*;

    fn alteration(sql: &str) -> Alteration {
        match parse_statements(sql).unwrap().remove(0) {
            Statement::AlterTable { alteration, .. } => alteration,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_connectors_alterations_are_read() {
        let Alteration::AddColumns { columns, .. } = alteration(
            "alter table `p`.`s`.`t` add columns (c1 STRING comment 'it\\'s',`c2` DECIMAL(10,2));",
        ) else {
            panic!("no addition")
        };
        assert_eq!((columns[0].name.as_str(), columns[0].comment.as_str()), ("c1", "it's"));
        assert_eq!(columns[1].data_type.to_string(), "decimal(10,2)");
        let Alteration::ChangeColumn(change) =
            alteration("alter table t change column c c BIGINT comment 'x';")
        else {
            panic!("no change")
        };
        assert_eq!((change.column.as_str(), change.name.as_str()), ("c", "c"));
        assert_eq!(change.comment.as_deref(), Some("x"));
        assert_eq!(
            alteration("alter table t drop columns c1,`C2`;"),
            Alteration::DropColumns(vec!["c1".into(), "c2".into()])
        );
        assert_eq!(
            alteration("alter table t change column old rename to new;"),
            Alteration::RenameColumn { column: "old".into(), name: "new".into() }
        );
        assert_eq!(alteration("alter table t set comment 'x\"y';"), Alteration::SetComment("x\"y".into()));
    }

    #[test]
    fn the_documented_alterations_are_read() {
        assert_eq!(alteration("alter table t rename to u"), Alteration::RenameTable("u".into()));
        assert_eq!(alteration("alter table t set lifecycle 7"), Alteration::SetLifecycle(7));
        assert_eq!(
            alteration("alter table t set tblproperties ('k'='v')"),
            Alteration::SetProperties(vec![("k".into(), "v".into())])
        );
        assert_eq!(
            alteration("alter table t change column c null"),
            Alteration::MakeNullable { column: "c".into() }
        );
        let Alteration::DropPartitions { partitions, if_exists: true } =
            alteration("alter table t drop if exists partition (pt='a'), partition (pt='b')")
        else {
            panic!("no removal")
        };
        assert_eq!(partitions.len(), 2);
        let Alteration::ChangeColumn(change) = alteration("alter table t change c d int after b") else {
            panic!("no change")
        };
        assert_eq!(change.after.as_deref(), Some("b"));
    }

    #[test]
    fn a_reserved_word_is_a_column_in_backticks_only() {
        let error = parse_statements("alter table t drop columns comment").unwrap_err().to_string();
        assert!(
            error.contains("[1,28]") && error.contains("reserved") && error.contains("backticks"),
            "{error}"
        );
        assert_eq!(
            alteration("alter table t drop columns `comment`"),
            Alteration::DropColumns(vec!["comment".into()])
        );
    }
}
