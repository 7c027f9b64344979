use crate::ddl::cursor::Cursor;
use crate::ddl::data_type::DataType;

/// A column as a statement defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Whether it takes null.
    pub nullable: bool,
    /// Its comment.
    pub comment: Option<String>,
    /// It is the primary key.
    pub primary: bool,
}

/// Where a column goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// FIRST
    First,
    /// AFTER a column
    After(String),
}

impl ColumnSpec {
    /// Name, type and attributes; FIRST or AFTER may follow.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<(Self, Option<Position>)> {
        let name = cursor.identifier()?;
        Self::read_unnamed(name, cursor)
    }

    /// The same without the name.
    pub(super) fn read_unnamed(name: String, cursor: &mut Cursor<'_>) -> Option<(Self, Option<Position>)> {
        let serial = cursor.peek().is_some_and(|token| token.is("SERIAL"));
        let data_type = DataType::read(cursor)?;
        let mut column = Self { name, data_type, nullable: !serial, comment: None, primary: false };
        let mut position = None;
        while !cursor.is_empty() {
            column.attribute(&mut position, cursor)?;
        }
        // Nobody can write NULL beside it.
        column.nullable &= !column.primary;
        Some((column, position))
    }

    /// Step over one attribute; none at something that is none.
    fn attribute(&mut self, position: &mut Option<Position>, cursor: &mut Cursor<'_>) -> Option<()> {
        if self.data_type.attribute(cursor) {
            return Some(());
        }
        match cursor.word()?.as_str() {
            "NOT" => {
                if cursor.skip("NULL") {
                    self.nullable = false;
                } else {
                    // NOT ENFORCED, NOT SECONDARY
                    cursor.next();
                }
            }
            "NULL" => self.nullable = true,
            "DEFAULT" => expression(cursor)?,
            "ON" => {
                // ON UPDATE CURRENT_TIMESTAMP(6), ON DELETE SET NULL
                cursor.word()?;
                cursor.next()?;
                if !(cursor.skip("NULL") || cursor.skip("DEFAULT") || cursor.skip("ACTION")) {
                    cursor.group();
                }
            }
            "PRIMARY" => {
                cursor.skip("KEY");
                self.primary = true;
            }
            "KEY" => self.primary = true,
            "UNIQUE" => {
                cursor.skip("KEY");
            }
            "COMMENT" => self.comment = Some(cursor.text()?).filter(|comment| !comment.is_empty()),
            "GENERATED" => {
                cursor.skip("ALWAYS");
                cursor.skip("AS");
                cursor.group()?;
            }
            "AS" | "CHECK" => {
                cursor.group()?;
            }
            "CONSTRAINT" => {
                if !cursor.peek().is_some_and(|token| token.is("CHECK")) {
                    cursor.identifier()?;
                }
            }
            "REFERENCES" => {
                cursor.name()?;
                cursor.group();
            }
            "MATCH" | "COLUMN_FORMAT" | "STORAGE" | "SRID" | "REF_SYSTEM_ID" => {
                cursor.sign('=');
                cursor.next()?;
            }
            "ENGINE_ATTRIBUTE" | "SECONDARY_ENGINE_ATTRIBUTE" => {
                cursor.sign('=');
                cursor.text()?;
            }
            "WITH" | "WITHOUT" => {
                // SYSTEM VERSIONING
                cursor.skip("SYSTEM");
                cursor.skip("VERSIONING");
            }
            "SERIAL" => {
                // SERIAL DEFAULT VALUE
                cursor.skip("DEFAULT");
                cursor.skip("VALUE");
                self.nullable = false;
            }
            "FIRST" => *position = Some(Position::First),
            "AFTER" => *position = Some(Position::After(cursor.identifier()?)),
            "AUTO_INCREMENT" => self.nullable = false,
            "VIRTUAL" | "STORED" | "PERSISTENT" | "INVISIBLE" | "VISIBLE" | "ENFORCED" | "ALWAYS" => {}
            _ => return None,
        }
        Some(())
    }
}

/// Step over a default: a literal with its introducer and sign, a name, a call, or anything in parentheses.
fn expression(cursor: &mut Cursor<'_>) -> Option<()> {
    if cursor.group().is_some() {
        return Some(());
    }
    let _ = cursor.sign('-') || cursor.sign('+');
    let literal = cursor.text().is_some();
    if !literal {
        let word = cursor.identifier()?;
        // _utf8mb4'x', b'101', x'ff', DATE '2020-01-01'
        if !word.eq_ignore_ascii_case("NULL") {
            let _ = cursor.text().is_some() || cursor.group().is_some();
        }
    }
    // Adjacent literals are one; a number may have a fraction and an exponent: 1.5e-3.
    while cursor.text().is_some() {}
    if cursor.sign('.') {
        cursor.identifier()?;
    }
    if cursor.sign('-') || cursor.sign('+') {
        cursor.identifier()?;
    }
    Some(())
}
