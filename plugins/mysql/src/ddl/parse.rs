use crate::binlog::query::Query;
use crate::ddl::column::{ColumnSpec, Position};
use crate::ddl::cursor::Cursor;
use crate::ddl::data_type::charset_of_collation;
use crate::ddl::{Body, Clause, Create, Ddl};
use crate::statement::tokens::{Token, Tokens};

/// Understand a statement that [`Statement::classify`](crate::statement::Statement::classify) takes for one about
/// tables. None for any other.
#[must_use]
pub fn parse(query: &Query) -> Option<Ddl> {
    let mut tokens: Vec<Token<'_>> = Tokens::new(&query.sql, query.sql_mode).collect();
    while tokens.last() == Some(&Token::Sign(';')) {
        tokens.pop();
    }
    let mut cursor = Cursor::new(&tokens);
    match cursor.word()?.as_str() {
        "CREATE" => {
            let or_replace = cursor.skip_all(&["OR", "REPLACE"]);
            while !cursor.skip("TABLE") {
                cursor.next()?;
            }
            create(&mut cursor, or_replace).map(Ddl::Create)
        }
        "ALTER" => {
            // IGNORE, ONLINE
            while !cursor.skip("TABLE") {
                cursor.next()?;
            }
            cursor.skip_all(&["IF", "EXISTS"]);
            let table = cursor.name()?;
            wait(&mut cursor);
            Some(Ddl::Alter { table, clauses: clauses(&mut cursor) })
        }
        "DROP" => {
            let _ = cursor.skip("TABLE") || cursor.skip("TABLES");
            cursor.skip_all(&["IF", "EXISTS"]);
            let mut tables = Vec::new();
            while let Some(mut item) = cursor.item() {
                tables.push(item.name()?);
            }
            Some(Ddl::Drop(tables))
        }
        "RENAME" => {
            let _ = cursor.skip("TABLE") || cursor.skip("TABLES");
            cursor.skip_all(&["IF", "EXISTS"]);
            let mut renames = Vec::new();
            while let Some(mut item) = cursor.item() {
                let old = item.name()?;
                wait(&mut item);
                item.skip("TO").then_some(())?;
                renames.push((old, item.name()?));
            }
            Some(Ddl::Rename(renames))
        }
        "TRUNCATE" => {
            cursor.skip("TABLE");
            cursor.name().map(Ddl::Truncate)
        }
        _ => None,
    }
}

/// MariaDB: WAIT n, NOWAIT.
fn wait(cursor: &mut Cursor<'_>) {
    if cursor.skip("WAIT") {
        cursor.number();
    } else {
        cursor.skip("NOWAIT");
    }
}

fn create(cursor: &mut Cursor<'_>, or_replace: bool) -> Option<Create> {
    let if_not_exists = cursor.skip_all(&["IF", "NOT", "EXISTS"]);
    let table = cursor.name()?;
    if cursor.skip("LIKE") {
        return Some(Create { table, if_not_exists, or_replace, body: Body::Like(cursor.name()?) });
    }
    let Some(mut group) = cursor.group() else {
        // CREATE TABLE … SELECT is logged as a list of columns.
        return Some(Create { table, if_not_exists, or_replace, body: Body::Unknown });
    };
    if group.clone().skip("LIKE") {
        group.skip("LIKE");
        return Some(Create { table, if_not_exists, or_replace, body: Body::Like(group.name()?) });
    }
    let body = columns(group, cursor).unwrap_or(Body::Unknown);
    Some(Create { table, if_not_exists, or_replace, body })
}

fn columns(mut group: Cursor<'_>, options: &mut Cursor<'_>) -> Option<Body> {
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    while let Some(mut item) = group.item() {
        if let Some(primary) = constraint(&mut item) {
            key.extend(primary);
            continue;
        }
        let (column, _) = ColumnSpec::read(&mut item)?;
        if column.primary {
            key.push(column.name.clone());
        }
        columns.push(column);
    }
    let (mut charset, mut comment) = (None, None);
    while !options.is_empty() {
        match table_option(options) {
            Some(TableOption::Charset(name)) => charset = Some(name),
            Some(TableOption::Comment(text)) => comment = Some(text).filter(|text| !text.is_empty()),
            None => drop(options.next()),
        }
    }
    Some(Body::Columns { columns, key, charset, comment })
}

/// The columns of a primary key where the item is one, none of any other key or constraint; none for a column.
fn constraint(item: &mut Cursor<'_>) -> Option<Vec<String>> {
    let mut ahead = item.clone();
    if ahead.skip("CONSTRAINT") {
        let named = !["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"]
            .iter()
            .any(|word| ahead.peek().is_some_and(|token| token.is(word)));
        if named {
            ahead.identifier()?;
        }
        return Some(if ahead.skip("PRIMARY") { key_columns(&mut ahead) } else { Vec::new() });
    }
    if ahead.skip_all(&["PRIMARY", "KEY"]) {
        return Some(key_columns(&mut ahead));
    }
    let Some(Token::Word(word)) = ahead.next() else { return None };
    let word = word.to_ascii_uppercase();
    let is_key = match word.as_str() {
        "INDEX" | "KEY" | "UNIQUE" | "FULLTEXT" | "SPATIAL" | "FOREIGN" | "CHECK" | "VECTOR" | "PERIOD" => {
            true
        }
        _ => return None,
    };
    // A column may have such a name: then its type follows.
    let column = is_key && {
        let mut as_column = ahead.clone();
        !matches!(word.as_str(), "KEY" | "INDEX" | "UNIQUE" | "CHECK" | "FOREIGN" | "FULLTEXT" | "SPATIAL")
            && crate::ddl::data_type::DataType::read(&mut as_column).is_some()
    };
    (!column).then(Vec::new)
}

/// The columns in the parentheses that follow, without prefix lengths and directions.
fn key_columns(cursor: &mut Cursor<'_>) -> Vec<String> {
    let mut columns = Vec::new();
    while !cursor.is_empty() {
        let Some(mut group) = cursor.group() else {
            // KEY, a name, USING BTREE
            cursor.next();
            continue;
        };
        while let Some(mut item) = group.item() {
            columns.extend(item.identifier());
        }
        break;
    }
    columns
}

enum TableOption {
    Charset(String),
    Comment(String),
}

/// An option of a table that says something of its shape.
fn table_option(cursor: &mut Cursor<'_>) -> Option<TableOption> {
    let mut ahead = cursor.clone();
    ahead.skip("DEFAULT");
    let option =
        if ahead.skip_all(&["CHARACTER", "SET"]) || ahead.skip("CHARSET") || ahead.skip_all(&["CHAR", "SET"])
        {
            ahead.sign('=');
            let name = ahead.identifier().or_else(|| ahead.text())?;
            TableOption::Charset(charset_of_collation(&name))
        } else if ahead.skip("COLLATE") {
            ahead.sign('=');
            let name = ahead.identifier().or_else(|| ahead.text())?;
            TableOption::Charset(charset_of_collation(&name))
        } else if ahead.skip("COMMENT") {
            ahead.sign('=');
            TableOption::Comment(ahead.text()?)
        } else {
            return None;
        };
    *cursor = ahead;
    Some(option)
}

fn clauses(cursor: &mut Cursor<'_>) -> Vec<Clause> {
    let mut clauses = Vec::new();
    while let Some(item) = cursor.item() {
        let mut ahead = item.clone();
        match clause(&mut ahead) {
            Some(mut read) => clauses.append(&mut read),
            None => clauses.push(Clause::Unknown(item.shown())),
        }
        if matches!(clauses.last(), Some(Clause::RowsUnlogged(_) | Clause::Harmless))
            && is_partitioning(&item)
        {
            // The commas of what follows are its own.
            break;
        }
    }
    clauses
}

/// Whether the clause is about partitions, which come last.
fn is_partitioning(item: &Cursor<'_>) -> bool {
    let mut item = item.clone();
    let first = item.word().unwrap_or_default();
    first == "PARTITION"
        || first == "ORDER"
        || item.peek().is_some_and(|token| token.is("PARTITION"))
        || first == "REORGANIZE"
}

/// First words of clauses that change neither the shape of rows nor rows.
const HARMLESS: [&str; 38] = [
    "ALGORITHM",
    "LOCK",
    "FORCE",
    "ENGINE",
    "TYPE",
    "AUTO_INCREMENT",
    "ROW_FORMAT",
    "KEY_BLOCK_SIZE",
    "STATS_PERSISTENT",
    "STATS_AUTO_RECALC",
    "STATS_SAMPLE_PAGES",
    "COMPRESSION",
    "ENCRYPTION",
    "ENCRYPTED",
    "TABLESPACE",
    "CONNECTION",
    "DATA",
    "INDEX",
    "MAX_ROWS",
    "MIN_ROWS",
    "AVG_ROW_LENGTH",
    "CHECKSUM",
    "DELAY_KEY_WRITE",
    "PACK_KEYS",
    "INSERT_METHOD",
    "UNION",
    "DISABLE",
    "ENABLE",
    "WITH",
    "WITHOUT",
    "ORDER",
    "SECONDARY_LOAD",
    "SECONDARY_UNLOAD",
    "SECONDARY_ENGINE",
    "AUTOEXTEND_SIZE",
    "ENGINE_ATTRIBUTE",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "PAGE_COMPRESSED",
];

fn clause(item: &mut Cursor<'_>) -> Option<Vec<Clause>> {
    let shown = item.shown();
    let starts_with_option = table_option(&mut item.clone()).is_some();
    if starts_with_option {
        return Some(table_options(item));
    }
    let word = item.word()?;
    let harmless = Some(vec![Clause::Harmless]);
    match word.as_str() {
        "ADD" => add(item),
        "DROP" => {
            if item.skip_all(&["PRIMARY", "KEY"]) {
                return Some(vec![Clause::DropPrimaryKey]);
            }
            if item.skip("PARTITION") {
                return Some(vec![Clause::RowsUnlogged(shown)]);
            }
            let objects = ["INDEX", "KEY", "FOREIGN", "CHECK", "CONSTRAINT", "SYSTEM", "PERIOD"];
            if objects.iter().any(|object| item.skip(object)) {
                return harmless;
            }
            item.skip("COLUMN");
            let if_exists = item.skip_all(&["IF", "EXISTS"]);
            Some(vec![Clause::Drop { column: item.identifier()?, if_exists }])
        }
        "MODIFY" => {
            item.skip("COLUMN");
            item.skip_all(&["IF", "EXISTS"]);
            let (new, position) = ColumnSpec::read(item)?;
            Some(change(new.name.clone(), new, position))
        }
        "CHANGE" => {
            item.skip("COLUMN");
            item.skip_all(&["IF", "EXISTS"]);
            let old = item.identifier()?;
            let (new, position) = ColumnSpec::read(item)?;
            Some(change(old, new, position))
        }
        "RENAME" => {
            if item.skip("COLUMN") {
                item.skip_all(&["IF", "EXISTS"]);
                let old = item.identifier()?;
                item.skip("TO").then_some(())?;
                return Some(vec![Clause::RenameColumn { old, new: item.identifier()? }]);
            }
            if item.skip("INDEX") || item.skip("KEY") {
                return harmless;
            }
            let _ = item.skip("TO") || item.skip("AS") || item.sign('=');
            Some(vec![Clause::RenameTable(item.name()?)])
        }
        "ALTER" => harmless,
        "CONVERT" => {
            item.skip("TO").then_some(())?;
            (item.skip_all(&["CHARACTER", "SET"]) || item.skip("CHARSET")).then_some(())?;
            if item.skip("DEFAULT") {
                return Some(vec![Clause::ConvertCharset(None)]);
            }
            let charset = item.identifier().or_else(|| item.text())?;
            Some(vec![Clause::ConvertCharset(Some(charset_of_collation(&charset)))])
        }
        "TRUNCATE" | "EXCHANGE" | "DISCARD" | "IMPORT" => Some(vec![Clause::RowsUnlogged(shown)]),
        "PARTITION" | "COALESCE" | "REORGANIZE" | "ANALYZE" | "CHECK" | "OPTIMIZE" | "REBUILD" | "REPAIR"
        | "REMOVE" | "UPGRADE" => harmless,
        word if HARMLESS.contains(&word) => {
            let mut clauses = table_options(item);
            clauses.push(Clause::Harmless);
            Some(clauses)
        }
        _ => None,
    }
}

/// What options of a table, which follow each other without commas, say of its shape.
fn table_options(item: &mut Cursor<'_>) -> Vec<Clause> {
    let mut clauses = Vec::new();
    while !item.is_empty() {
        match table_option(item) {
            Some(TableOption::Charset(charset)) => clauses.push(Clause::DefaultCharset(charset)),
            Some(TableOption::Comment(text)) => clauses.push(Clause::Comment(text)),
            None => drop(item.next()),
        }
    }
    clauses
}

fn change(old: String, new: ColumnSpec, position: Option<Position>) -> Vec<Clause> {
    let key = new.primary.then(|| Clause::AddPrimaryKey(vec![new.name.clone()]));
    std::iter::once(Clause::Change { old, new, position }).chain(key).collect()
}

fn add(item: &mut Cursor<'_>) -> Option<Vec<Clause>> {
    if item.skip("PARTITION") || item.skip("SYSTEM") {
        return Some(vec![Clause::Harmless]);
    }
    if let Some(key) = constraint(item) {
        return Some(vec![if key.is_empty() { Clause::Harmless } else { Clause::AddPrimaryKey(key) }]);
    }
    item.skip("COLUMN");
    let if_not_exists = item.skip_all(&["IF", "NOT", "EXISTS"]);
    if let Some(mut group) = item.group() {
        let mut clauses = Vec::new();
        while let Some(mut column) = group.item() {
            match constraint(&mut column) {
                Some(key) if key.is_empty() => {}
                Some(key) => clauses.push(Clause::AddPrimaryKey(key)),
                None => {
                    let (column, position) = ColumnSpec::read(&mut column)?;
                    clauses.extend(added(column, position, if_not_exists));
                }
            }
        }
        return Some(clauses);
    }
    let (column, position) = ColumnSpec::read(item)?;
    Some(added(column, position, if_not_exists))
}

fn added(column: ColumnSpec, position: Option<Position>, if_not_exists: bool) -> Vec<Clause> {
    let key = column.primary.then(|| Clause::AddPrimaryKey(vec![column.name.clone()]));
    std::iter::once(Clause::Add { column, position, if_not_exists }).chain(key).collect()
}
